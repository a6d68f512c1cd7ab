"""`nettools imap` and `nettools pop3`: the verbs that mailboxes have, declared once for both where both have them.

verbs     the two groups, and how a verb becomes one of theirs
query     options for what to look for
reading   list, search, fetch, save, watch, folders
saving    what `save` does
writing   append, flag, mv, cp, rm
folders   mkdir, rmdir, rename
"""

from nettools.cli.lines import add_command
from nettools.cli.mailbox import folders, reading, writing
from nettools.cli.mailbox.verbs import imap, pop3

__all__ = ["folders", "imap", "pop3", "reading", "writing"]

for _group in (imap, pop3):
    add_command(_group, "Send one command, and print the reply.")
