"""Runs the stand-in until SIGTERM or SIGINT; prints its addresses as one JSON line first."""

import argparse
import json
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from entra_standin import EntraStandin  # noqa: E402


def main():
    parser = argparse.ArgumentParser(prog="entra_standin", description=__doc__)
    parser.add_argument("--state-dir", required=True, help="certificates, secret and state are kept here")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="HTTPS; 0: any free one")
    parser.add_argument("--control-port", type=int, default=0, help="plain HTTP; 0: any free one")
    parser.add_argument("--tenant-id")
    parser.add_argument("--client-id")
    parser.add_argument("--token-lifetime", type=int, default=3599, help="seconds")
    parser.add_argument("--seed", type=int, help="makes ids and key material repeatable")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with EntraStandin(arguments.state_dir, port=arguments.port, control_port=arguments.control_port,
                      host=arguments.host, tenant_id=arguments.tenant_id, client_id=arguments.client_id,
                      token_lifetime=arguments.token_lifetime, seed=arguments.seed) as standin:
        print(json.dumps({"url": standin.url, "control_url": standin.control_url, "ca_file": standin.ca_file,
                          "secret_file": standin.secret_file, "tenant_id": standin.tenant_id,
                          "client_id": standin.client_id, "pid": os.getpid(),
                          "configuration": standin.configuration()}), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
