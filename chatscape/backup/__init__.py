"""Backups that any version of any database can take in again: `manage.py backup`, `restore`, `rehearse`.

A backup is a tar of JSON lines, compressed and on request encrypted. What is where:

- `canonical`: a value of the database as JSON, the same whatever database it came from
- `tables`: which tables there are at a state of the migrations, in which order, and their hashes
- `snapshot`: one consistent view while people write
- `archive`: the tar, written and read in a stream; `age` and `sealing`: encryption
- `manifest`: what a backup says of itself; `contents`: reading one and finding damage
- `writing`: makes a backup; `places`: where it goes; `keys`: passphrases, recipients, the server's own key
- `loading`: puts one into a database; `restoring`: everything around that
- `rehearsing`: an upgrade tried on a copy; `consistency`: whether the rows agree with each other
"""


class BackupError(Exception):
    """What went wrong, as one line for whoever runs the server."""


def first_line(error: BaseException) -> str:
    """Return what a database says, without the row that it may repeat in later lines."""
    return (str(error).strip().splitlines() or ["no reason given"])[0]
