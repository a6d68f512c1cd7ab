"""The Internet's classic protocols through one uniform facade.

    from nettools import fetch_page, send_mail

    page = fetch_page("https://example.org/", timeout=20)
    send_mail("smtp://mail.example.org", auth=("me", "password"), to="you@example.org", subject="Page", text=page.text)

HTTP        fetch_page download
XML-RPC     call_xmlrpc multicall
FTP         ftp_get ftp_put ftp_list ftp_info ftp_remove ftp_rename ftp_mkdir ftp_chmod ftp_mirror
SMTP        send_mail send_mails
IMAP, POP3  list_mail search_mail fetch_mail fetch_mails watch_mail save_attachments delete_mail
IMAP        list_folders create_folder rename_folder delete_folder move_mail copy_mail flag_mail append_mail
NNTP        list_groups list_articles fetch_article fetch_articles post_article
Telnet      telnet_run
Gopher      gopher_get gopher_list gopher_search
sockets     exchange listen
any         connect: a session, for many operations over one connection
            run_many download_many: many calls side by side
without a server   parse_mail, option_names, and `nettools.parse`

All take the options of `Options`, give frozen results with `meta`, and raise kinds of NettoolsError, with a hint.
`help(NAME)` says more of each. Fake servers for tests are in `nettools.testing`.
"""

# Names are imported when they are first used (PEP 562), so that `import nettools` stays light: neither `requests` nor
# any protocol module is loaded before a call needs it. Where a name lives is said here, and for type checkers, from
# here, in `__init__.pyi`.

from nettools._lazy import lazy

_HOMES = {
    "_version": "__version__",
    "batch": "download_many run_many",
    "credentials": "Auth",
    "errors": """
        AuthError CertificateError ChecksumError ClearTextError ConnectError DeadlineError DeniedError
        DisconnectedError FaultError FileError HTTPStatusError IncompleteError MissingExtraError NettoolsError
        NotFoundError ProtocolError ProxyError RecipientsError RedirectError ReplyError ReplyTooLongError ResolveError
        StaleError TLSError TooLargeError TransferError UnsupportedError UsageError
    """,
    "facade.connecting": "connect",
    "facade.downloads": "download",
    "facade.mailboxes": """
        append_mail copy_mail create_folder delete_folder delete_mail fetch_mail fetch_mails flag_mail list_folders
        list_mail move_mail parse_mail rename_folder save_attachments search_mail watch_mail
    """,
    "options": "Options option_names",
    "policies": "TLS Proxy Retry Timeout",
    "protocols.ftp": """
        FTPSession ftp_chmod ftp_get ftp_info ftp_list ftp_mirror ftp_mkdir ftp_put ftp_remove ftp_rename
    """,
    "protocols.gopher": "GopherSession gopher_get gopher_list gopher_search",
    "protocols.http": "HTTPSession fetch_page",
    "protocols.imap": "IMAPSession",
    "protocols.nntp": "NNTPSession fetch_article fetch_articles list_articles list_groups post_article",
    "protocols.pop3": "POP3Session",
    "protocols.smtp": "SMTPSession send_mail send_mails",
    "protocols.sock": "Connection Server SocketSession exchange listen",
    "protocols.telnet": "TelnetSession telnet_run",
    "protocols.xmlrpc": "XMLRPCSession call_xmlrpc multicall",
    "query": "Query",
    "results": """
        Address Article ArticleInfo Attachment Dialogue Event Exchange FileEntry Folder FolderStatus GopherItem Group
        Headers Mail MailInfo Meta MirrorReport Outcome Page PostReport Reply SendReport TLSInfo Transfer
    """,
    "secret": "Secret",
    "session": "Session",
}

__getattr__, __dir__, __all__ = lazy(__name__, _HOMES)
