"""The IMAP4rev1 fake: grammar, message items and search are pure; `server` holds the commands over the World."""
