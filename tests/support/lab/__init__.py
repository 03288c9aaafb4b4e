"""Real servers for the tests: a throw-away Samba domain controller, loopback addresses, certificates, child processes.

Everything listens on 127.0.0.0/8, keeps its state under a temporary directory and is gone when the test is.
The entry point is lab.samba_dc.SambaDc; run samba_dc.py by hand for a domain controller to play with.
"""
