"""The server of commit tests: sessions on disk, a fair queue, and connections that may break."""
