"""A TCP forwarder on a loopback address of its own: the same server under another name."""

import socket
import threading


class TcpForward:
    def __init__(self, target, address="127.0.0.1", port=0):
        self._target = target
        self._listener = socket.create_server((address, port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    @classmethod
    def _serve(cls, client, server):
        with client, server:
            back = threading.Thread(target=cls._copy, args=(server, client), daemon=True)
            back.start()
            cls._copy(client, server)
            back.join()

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()
