"""What is done to a Samba directory while no server runs on it. A program of its own: Samba's Python modules keep
global state and log to the standard streams.

    samba_offline.py samba-tool ARGUMENTS...                  samba-tool that knows the Windows Server 2016 schema
    samba_offline.py prepare SMB_CONF SAM_LDB ACCOUNTS_JSON    schema, accounts and rights that the tests rest on
    samba_offline.py readdress SMB_CONF SAM_LDB OLD=NEW...     other addresses in the directory's DNS zones
"""

import json
import sys

KEY_CREDENTIAL_LINK = "5b47d60f-6090-40b2-9f37-2a4de88f3063"
GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"  # the right "Replicating Directory Changes"
USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"


def samba_tool(arguments):
    import samba.netcmd.main
    import samba.provision
    import samba.schema

    # The 2016 schema, the first with msDS-KeyCredentialLink, is shipped with Samba 4.17 but cannot be chosen.
    samba.schema.Schema.base_schemas["2012_R2"] = (
        "AD_DS_Attributes__Windows_Server_2016.ldf", "AD_DS_Classes__Windows_Server_2016.ldf", 87)
    # The file shares' ACLs need root and file system support, and no test reads the shares.
    samba.provision.setsysvolacl = lambda *_arguments, **_keywords: None
    return samba.netcmd.main.cmd_sambatool()._run("samba-tool", *arguments)


def _open(smb_conf, sam_ldb, options=None):
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB

    parameters = LoadParm(filename_for_non_global_lp=smb_conf)
    for name, value in (options or {}).items():
        parameters.set(name, value)
    return SamDB(url=sam_ldb, session_info=system_session(), lp=parameters)


def mend_schema(smb_conf, sam_ldb):
    """Lets a key point to its own user, the normal case: Samba checks the back link against the target's class."""
    database = _open(smb_conf, sam_ldb, {"dsdb:schema update allowed": "true"})
    database.modify_ldif(f"""dn: CN=Top,{database.get_schema_basedn()}
changetype: modify
add: mayContain
mayContain: msDS-KeyCredentialLink-BL
""")


def create_accounts(smb_conf, sam_ldb, accounts):
    from samba.dcerpc import security
    from samba.ndr import ndr_unpack

    database = _open(smb_conf, sam_ldb)
    base = str(database.get_default_basedn())
    for name, password in accounts["users"].items():
        database.newuser(name, password)
        database.setexpiry(f"(sAMAccountName={name})", 0, no_expiry_req=True)
    database.add({"dn": f"{accounts['people_ou']},{base}", "objectClass": "organizationalUnit"})

    # What the Connect wizard grants its connector account: reading and writing the key attribute of every user. Users
    # that AdminSDHolder protects do not inherit it.
    def sid_of(name):
        found = database.search(base, expression=f"(sAMAccountName={name})", attrs=["objectSid"])[0]
        return ndr_unpack(security.dom_sid, found["objectSid"][0])

    entry = database.search(base, scope=0, attrs=["nTSecurityDescriptor"])[0]
    descriptor = ndr_unpack(security.descriptor, entry["nTSecurityDescriptor"][0])
    grant = security.descriptor.from_sddl(
        f"D:(OA;CIIO;RPWP;{KEY_CREDENTIAL_LINK};{USER_CLASS};{sid_of(accounts['connector'])})"
        f"(OA;;CR;{GET_CHANGES};;{sid_of(accounts['replicator'])})", security.dom_sid(database.get_domain_sid()))
    for ace in grant.dacl.aces:
        descriptor.dacl_add(ace)
    database.modify_ldif(f"dn: {base}\nchangetype: modify\nreplace: nTSecurityDescriptor\n"
                         f"nTSecurityDescriptor: {descriptor.as_sddl(security.dom_sid(database.get_domain_sid()))}\n")


def readdress(smb_conf, sam_ldb, new_addresses):
    import ldb
    from samba.dcerpc import dnsp
    from samba.ndr import ndr_pack, ndr_unpack

    database = _open(smb_conf, sam_ldb)
    for zone in ("DomainDnsZones", "ForestDnsZones"):
        nodes = database.search(f"DC={zone},{database.get_default_basedn()}", expression="(dnsRecord=*)",
                                attrs=["dnsRecord"])
        for node in nodes:
            records = [ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in node["dnsRecord"]]
            hosts = [record for record in records if record.wType == dnsp.DNS_TYPE_A and record.data in new_addresses]
            if not hosts:
                continue
            for record in hosts:
                record.data = new_addresses[record.data]
            change = ldb.Message(node.dn)
            change["dnsRecord"] = ldb.MessageElement([ndr_pack(r) for r in records], ldb.FLAG_MOD_REPLACE, "dnsRecord")
            database.modify(change)


def main(arguments):
    command = arguments[0]
    if command == "samba-tool":
        return samba_tool(arguments[1:])
    if command == "prepare":
        mend_schema(*arguments[1:3])
        create_accounts(*arguments[1:3], json.loads(arguments[3]))
        return 0
    if command == "readdress":
        readdress(*arguments[1:3], dict(pair.split("=") for pair in arguments[3:]))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
