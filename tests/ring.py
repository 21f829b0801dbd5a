"""A keyring in memory, for the real keyring module."""

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Ring(KeyringBackend):
    """Its `passwords` are by (service, user name); one that refuses raises as a locked keyring does."""

    priority = 1

    def __init__(self, passwords=(), refuses=False):
        super().__init__()
        self.passwords, self.refuses = dict(passwords), refuses

    def get_password(self, service, username):
        if self.refuses:
            raise KeyringLocked(f"{service} is locked")
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        if self.refuses:
            raise KeyringLocked(password)
        self.passwords[service, username] = password

    def delete_password(self, service, username):
        if not self.passwords.pop((service, username), None):
            raise PasswordDeleteError
