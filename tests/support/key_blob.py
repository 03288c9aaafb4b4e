"""Writes KEYCREDENTIALLINK_BLOB values (MS-ADTS 2.2.20) for tests, from the specification.

Entra ID keeps a key as `searchableDeviceKey`: the blob without its KeyHash entry. Entra Connect inserts that entry and
writes the result, as DN-Binary, into msDS-KeyCredentialLink. `entra_blob` makes the first, `with_key_hash` the second,
`dn_binary` the attribute's text. Times are 100 ns ticks since 1970, UTC.
"""

import base64
import hashlib
import json
import random
import struct
import uuid

VERSION_2 = 0x00000200
KEY_ID, KEY_HASH, KEY_MATERIAL, KEY_USAGE, KEY_SOURCE = 1, 2, 3, 4, 5
DEVICE_ID, CUSTOM_KEY_INFORMATION, LAST_LOGON, CREATION = 6, 7, 8, 9
USAGES = {"AdminKey": 0, "NGC": 1, "STK": 2, "BitLockerRecovery": 3, "Other": 4, "FIDO": 7, "FEK": 8}
SOURCE_AD, SOURCE_AZURE_AD = 0, 1
ENTRA_LAST_LOGON = 0x4000000000000000  # what Entra writes for every key: year 1, UTC
DOTNET_EPOCH_OFFSET = 621355968000000000  # ticks from year 1 to 1970
FILETIME_EPOCH_OFFSET = 116444736000000000  # ticks from 1601 to 1970
UTC_KIND = 0x4000000000000000


def dotnet_binary(ticks):
    """DateTime.ToBinary() of a UTC time."""
    return UTC_KIND | (ticks + DOTNET_EPOCH_OFFSET)


def filetime(ticks):
    return ticks + FILETIME_EPOCH_OFFSET


def rsa_material(rng=random, bits=2048):
    """BCRYPT_RSAKEY_BLOB of a public key. The modulus is random and odd; nobody can sign with it."""
    size = bits // 8
    modulus = bytearray(rng.getrandbits(8) for _ in range(size))
    modulus[0] |= 0x80
    modulus[-1] |= 0x01
    exponent = b"\x01\x00\x01"
    return struct.pack("<4s5I", b"RSA1", bits, len(exponent), size, 0, 0) + exponent + bytes(modulus)


def fido_material(credential_id, rng=random, display_name="Security key"):
    """The JSON that Entra keeps of a FIDO2 registration; authData as in WebAuthn section 6.1, with an ES256 key."""
    coordinate = lambda: bytes(rng.getrandbits(8) for _ in range(32))  # noqa: E731
    cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + coordinate() + b"\x22\x58\x20" + coordinate()
    auth_data = hashlib.sha256(b"login.microsoft.com").digest() + b"\xc5" + struct.pack(">I", 0)
    auth_data += uuid.UUID(int=rng.getrandbits(128)).bytes + struct.pack(">H", len(credential_id)) + credential_id + cose
    document = {"version": 1, "authData": base64.b64encode(auth_data).decode(), "x5c": [], "displayName": display_name}
    return json.dumps(document, separators=(",", ":")).encode()


def entry(identifier, value):
    return struct.pack("<HB", len(value), identifier) + value


def parse(blob):
    """[(identifier, value)] of a version 2 blob."""
    if struct.unpack_from("<I", blob)[0] != VERSION_2:
        raise ValueError("not a version 2 blob")
    entries, offset = [], 4
    while offset < len(blob):
        length, identifier = struct.unpack_from("<HB", blob, offset)
        value = blob[offset + 3 : offset + 3 + length]
        if len(value) != length:
            raise ValueError(f"entry {identifier} at {offset} is cut short")
        entries.append((identifier, value))
        offset += 3 + length
    return entries


def assemble(entries):
    return struct.pack("<I", VERSION_2) + b"".join(entry(identifier, value) for identifier, value in entries)


def entra_blob(key_id, material, created, usage="NGC", device_id=None, cki=b"\x01\x00\x00\x00"):
    """searchableDeviceKey: KeySource AzureAD, .NET times, no KeyHash. `device_id`: uuid.UUID, zero when None."""
    return assemble([
        (KEY_ID, key_id),
        (KEY_MATERIAL, material),
        (KEY_USAGE, bytes([USAGES[usage]])),
        (KEY_SOURCE, bytes([SOURCE_AZURE_AD])),
        (DEVICE_ID, (device_id or uuid.UUID(int=0)).bytes_le),
        (CUSTOM_KEY_INFORMATION, cki),
        (LAST_LOGON, struct.pack("<Q", ENTRA_LAST_LOGON)),
        (CREATION, struct.pack("<Q", dotnet_binary(created))),
    ])


def ad_blob(key_id, material, created, usage="NGC", device_id=None, cki=b"\x01\x00"):
    """What AD FS or a domain-joined tool writes by itself: KeySource AD, FILETIME, KeyHash in place."""
    return with_key_hash(assemble([
        (KEY_ID, key_id),
        (KEY_MATERIAL, material),
        (KEY_USAGE, bytes([USAGES[usage]])),
        (KEY_SOURCE, bytes([SOURCE_AD])),
        (DEVICE_ID, (device_id or uuid.UUID(int=0)).bytes_le),
        (CUSTOM_KEY_INFORMATION, cki),
        (LAST_LOGON, struct.pack("<Q", filetime(created))),
        (CREATION, struct.pack("<Q", filetime(created))),
    ]))


def with_key_hash(blob):
    """Entra Connect's part: KeyHash, the SHA-256 of all that follows the KeyID entry, goes in behind that entry."""
    entries = parse(blob)
    if not entries or entries[0][0] != KEY_ID:
        raise ValueError("the blob does not start with KeyID")
    rest = b"".join(entry(identifier, value) for identifier, value in entries[1:])
    return assemble([entries[0], (KEY_HASH, hashlib.sha256(rest).digest()), *entries[1:]])


def dn_binary(blob, dn):
    text = blob.hex().upper()
    return f"B:{len(text)}:{text}:{dn}"
