"""What is measured: a job, the contender that ratios are taken against, the others, and what nettools is to reach.

Commands: `py:MODULE.FUNCTION ARGS` is a function of `contenders`, `nettools` the command, anything else a program.
Check: `file` (out is big.bin), `upload` (what arrived is big.bin), `large` (out is the user's only message), `files:N`,
`mails:N` (N messages in files, in an mbox or counted, and their octets where they are told), `n:N` (the contender
counted N), "" (it ended well).
"""

from __future__ import annotations

from dataclasses import dataclass, field

CURL = "curl -sS --fail"
MPOP = (
    "mpop -q --host={host} --port={pop3_port} --auth=user --tls=off --passwordeval='echo x' --keep=on --only-new=off"
    " --uidls-file={out}.uidls --delivery=mbox,{out}"
)


@dataclass(frozen=True)
class Job:
    name: str
    what: str
    reference: str
    contenders: dict[str, str]
    check: str = ""
    sunk: int = 0  # messages that smtp-sink must have counted
    reach: str = ""  # what nettools is to reach, in words
    scaled: str = ""  # the same for nettools at a tenth of the size: the cost an item must not grow
    items: int = 1
    notes: dict[str, str] = field(default_factory=dict)


LOOPBACK = (
    Job(
        "http-1g", "HTTP: 1 GiB to a file", "curl",
        {
            "curl": CURL + " -o {out} {http}/big.bin",
            "wget": "wget -q -O {out} {http}/big.bin",
            "requests, 1 MiB blocks": "py:http.requests_file {http}/big.bin {out}",
            "urllib.request": "py:http.urllib_file {http}/big.bin {out}",
            "nettools": "py:ours.download {http}/big.bin {out}",
            "nettools (command)": "nettools http get {http}/big.bin -o {out}",
        },
        check="file", reach="at most 1.0 in time and CPU, at most 45 MiB",
    ),
    Job(
        "http-small", "HTTP: 5,000 GETs of 1 KiB on one connection", "requests.Session",
        {
            "requests.Session": "py:http.requests_session {http} 5000",
            "urllib3": "py:http.urllib3_pool {http} 5000",
            "httpx": "py:http.httpx_client {http} 5000",
            "aiohttp": "py:http.aiohttp_session {http} 5000",
            "http.client": "py:http.http_client {http} 5000",
            "pycurl": "py:http.pycurl_handle {http} 5000",
            "nettools": "py:ours.http_session {http} 5000",
        },
        check="n:5000", reach="at most 0.3 in CPU", scaled="py:ours.http_session {http} 500", items=5000,
    ),
    Job(
        "ftp-get-1g", "FTP: RETR of 1 GiB to a file", "curl",
        {
            "curl": CURL + " -o {out} {ftp}/big.bin",
            "ftplib": "py:ftp.ftplib_get {host} {ftp_port} /big.bin {out}",
            "lftp": "lftp -c 'set cmd:verbose no; get {ftp}/big.bin -o {out}'",
            "aioftp, 1 MiB blocks": "py:ftp.aioftp_get {host} {ftp_port} /big.bin {out}",
            "nettools": "py:ours.ftp_get {ftp}/big.bin {out}",
            "nettools (command)": "nettools ftp get {ftp}/big.bin -o {out}",
        },
        check="file", reach="at most 0.8 in CPU",
    ),
    Job(
        "ftp-put-1g", "FTP: STOR of 1 GiB", "curl",
        {
            "curl": CURL + " -T {root}/www/big.bin {ftp}/up/{up}",
            "ftplib": "py:ftp.ftplib_put {host} {ftp_port} {root}/www/big.bin /up/{up}",
            "lftp": "lftp -c 'set cmd:verbose no; open {ftp}; put {root}/www/big.bin -o /up/{up}'",
            "nettools": "py:ours.ftp_put {root}/www/big.bin {ftp}/up/{up}",
            "nettools (command)": "nettools ftp put {root}/www/big.bin {ftp}/up/{up}",
        },
        check="upload", reach="at most 0.65 in CPU",
    ),
    Job(
        "ftp-mirror", "FTP: a folder of 1,000 files of 4 KiB", "ftplib",
        {
            "ftplib": "py:ftp.ftplib_folder {host} {ftp_port} /many {outdir} 1000",
            "lftp mirror, 8 connections": "lftp -c 'set cmd:verbose no; open {ftp}; mirror -P8 /many {outdir}'",
            "nettools": "py:ours.ftp_mirror {ftp}/many/ {outdir}",
        },
        check="files:1000", items=1000,
    ),
    Job(
        "imap-list", "IMAP: list 10,000 messages, decoded", "imaplib, raw",
        {
            "imaplib, raw": "py:imap.imaplib_raw {host} {imap_port} u10000 10000",
            "imaplib and email": "py:imap.imaplib_decoded {host} {imap_port} u10000 10000",
            "IMAPClient": "py:imap.imapclient_list {host} {imap_port} u10000 10000",
            "imap-tools": "py:imap.imap_tools_list {host} {imap_port} u10000 10000",
            "nettools": "py:ours.mail_list imap {host} {imap_port} u10000 10000",
        },
        check="n:10000", reach="at most 3 in CPU, at most 40 MiB when iterated",
        scaled="py:ours.mail_list imap {host} {imap_port} u1000 1000", items=10000,
        notes={"imaplib, raw": "decodes nothing"},
    ),
    Job(
        "imap-whole", "IMAP: 2,000 whole messages", "imaplib, one FETCH",
        {
            "imaplib, one FETCH": "py:imap.imaplib_whole {host} {imap_port} u2000 2000",
            "IMAPClient": "py:imap.imapclient_whole {host} {imap_port} u2000 2000",
            "imap-tools": "py:imap.imap_tools_whole {host} {imap_port} u2000 2000",
            "nettools": "py:ours.mail_whole imap {host} {imap_port} u2000 2000",
        },
        check="mails:2000", reach="at most 1.3 in CPU",
        scaled="py:ours.mail_whole imap {host} {imap_port} u2000 200", items=2000,
    ),
    Job(
        "pop3", "POP3: 2,000 messages", "poplib",
        {
            "poplib": "py:pop3.poplib_all {host} {pop3_port} u2000 2000",
            "curl": CURL + " -u u2000:x pop3://{host}:{pop3_port}/[1-2000] -o {outdir}/m#1",
            "mpop": MPOP + " --user=u2000",
            "nettools": "py:ours.mail_whole pop3 {host} {pop3_port} u2000 2000",
        },
        check="mails:2000", reach="at most 0.45 in time",
        scaled="py:ours.mail_whole pop3 {host} {pop3_port} u100 100", items=2000,
    ),
    Job(
        "mail-file", "IMAP and POP3: one message of 64 MiB to a file", "imaplib",
        {
            "imaplib": "py:imap.imaplib_file {host} {imap_port} u64m {out}",
            "poplib": "py:pop3.poplib_file {host} {pop3_port} u64m {out}",
            "nettools, IMAP": "py:ours.mail_file imap {host} {imap_port} u64m {out}",
            "nettools, POP3": "py:ours.mail_file pop3 {host} {pop3_port} u64m {out}",
            "nettools, IMAP, 256 MiB": "py:ours.mail_file imap {host} {imap_port} u256m {out}",
            "nettools, POP3, 256 MiB": "py:ours.mail_file pop3 {host} {pop3_port} u256m {out}",
        },
        check="large", reach="at most 60 MiB, whatever the size",
    ),
    Job(
        "smtp-one", "SMTP: 2,000 messages of 10 KiB on one connection", "smtplib",
        {
            "smtplib": "py:smtp.smtplib_send {host} {smtp_port} {root}/mail10k.eml 2000",
            "aiosmtplib": "py:smtp.aiosmtplib_send {host} {smtp_port} {root}/mail10k.eml 2000",
            "curl": CURL + " -K {curl_2000_1}",
            "nettools": "py:ours.send_mails {host} {smtp_port} {root}/mail10k.eml 2000 1",
        },
        check="", sunk=2000, reach="at most 0.4 in time", items=2000,
    ),
    Job(
        "smtp-big", "SMTP: one attachment of 64 MiB, given as a path", "smtplib and EmailMessage",
        {
            "smtplib and EmailMessage": "py:smtp.smtplib_attachment {host} {smtp_port} {root}/www/big.bin 64 {out}",
            "nettools": "py:ours.send_attachment {host} {smtp_port} {root}/www/big.bin 64 {out}",
            "nettools, 256 MiB": "py:ours.send_attachment {host} {smtp_port} {root}/www/big.bin 256 {out}",
        },
        check="", sunk=1, reach="at most 60 MiB, whatever the size",
    ),
    Job(
        "start", "Start-up", "python -c pass",
        {
            "python -c pass": "python -c pass",
            "import requests": "python -c 'import requests'",
            "import nettools": "python -c 'import nettools'",
            "curl --version": "curl --version",
            "nettools --version": "nettools --version",
            "nettools ftp --help": "nettools ftp --help",
        },
        reach="`nettools --version` at most 5 in time",
    ),
    Job(
        "parse-listing", "Parsing: 10,000 lines of an FTP listing", "ftputil",
        {"ftputil": "py:parsing.ftputil_lines 10000", "nettools": "py:parsing.our_listing 10000"},
        check="n:10000", reach="at most 0.2 in CPU, start-up not counted", items=10000,
        scaled="py:parsing.our_listing 1000",
    ),
    Job(
        "parse-envelope", "Parsing: 10,000 ENVELOPEs", "IMAPClient",
        {"IMAPClient": "py:parsing.imapclient_envelopes 10000", "nettools": "py:parsing.our_envelopes 10000"},
        check="n:10000", reach="at most 0.2 in CPU, start-up not counted", items=10000,
        scaled="py:parsing.our_envelopes 1000",
    ),
    Job(
        "parse-headers", "Parsing: the headers of 10,000 messages", "email, policy.default",
        {"email, policy.default": "py:parsing.email_headers 10000", "nettools": "py:parsing.our_headers 10000"},
        check="n:10000", reach="at most 0.2 in CPU, start-up not counted", items=10000,
        scaled="py:parsing.our_headers 1000",
    ),
)  # fmt: skip

OVER_LINK = (
    Job(
        "link-smtp-1", "SMTP: 1 message, 3 recipients", "smtplib",
        {
            "smtplib": "py:smtp.smtplib_send {host} {smtp_port} {root}/mail10k.eml 1 3",
            "aiosmtplib": "py:smtp.aiosmtplib_send {host} {smtp_port} {root}/mail10k.eml 1 3",
            "curl": CURL + " -K {curl_1_3}",
            "nettools": "py:ours.send_mails {host} {smtp_port} {root}/mail10k.eml 1 3",
        },
        sunk=1, reach="5 turns",
    ),
    Job(
        "link-smtp-100", "SMTP: 100 messages, 3 recipients, one connection", "smtplib",
        {
            "smtplib": "py:smtp.smtplib_send {host} {smtp_port} {root}/mail10k.eml 100 3",
            "curl": CURL + " -K {curl_100_3}",
            "nettools": "py:ours.send_mails {host} {smtp_port} {root}/mail10k.eml 100 3",
        },
        sunk=100, reach="104 turns",
    ),
    Job(
        "link-pop3-100", "POP3: 100 messages", "poplib",
        {
            "poplib": "py:pop3.poplib_all {host} {pop3_port} u100 100",
            "mpop": MPOP + " --user=u100",
            "nettools": "py:ours.mail_whole pop3 {host} {pop3_port} u100 100",
        },
        check="mails:100", reach="6 turns",
    ),
    Job(
        "link-imap-list", "IMAP: list 1,000 messages", "imaplib, raw",
        {
            "imaplib, raw": "py:imap.imaplib_raw {host} {imap_port} u1000 1000",
            "IMAPClient": "py:imap.imapclient_list {host} {imap_port} u1000 1000",
            "imap-tools": "py:imap.imap_tools_list {host} {imap_port} u1000 1000",
            "nettools": "py:ours.mail_list imap {host} {imap_port} u1000 1000",
        },
        check="n:1000", reach="4 turns",
    ),
    Job(
        "link-imap-whole", "IMAP: 100 whole messages", "imaplib, one FETCH",
        {
            "imaplib, one FETCH": "py:imap.imaplib_whole {host} {imap_port} u100 100",
            "imap-tools": "py:imap.imap_tools_whole {host} {imap_port} u100 100",
            "nettools": "py:ours.mail_whole imap {host} {imap_port} u100 100",
        },
        check="mails:100", reach="4 turns",
    ),
    Job(
        "link-ftp-1", "FTP: one file of 4 KiB", "ftplib",
        {
            "ftplib": "py:ftp.ftplib_get {host} {ftp_port} /many/f0000.bin {outdir}/a",
            "curl": CURL + " {ftp}/many/f0000.bin -o {outdir}/a",
            "lftp": "lftp -c 'set cmd:verbose no; get {ftp}/many/f0000.bin -o {outdir}/a'",
            "nettools": "py:ours.ftp_get {ftp}/many/f0000.bin {outdir}/a",
        },
        check="files:1", reach="6 turns",
    ),
    Job(
        "link-ftp-100", "FTP: 100 files of 4 KiB", "ftplib",
        {
            "ftplib": "py:ftp.ftplib_folder {host} {ftp_port} /many {outdir} 100",
            "curl": CURL + " {ftp}/many/f[0000-0099].bin -o {outdir}/f#1.bin",
            "lftp mirror, 8 connections": "lftp -c 'set cmd:verbose no; open {ftp}; mirror -P8 -I f00* /many {outdir}'",
            "nettools (download_many)": "py:ours.download_many {ftp}/many 100 {outdir}",
        },
        check="files:100", reach="0.3 in time",
    ),
    Job(
        "link-http-100", "HTTP: 100 files of 4 KiB", "requests.Session",
        {
            "requests.Session": "py:http.requests_files {http} 100 {outdir}",
            "curl": CURL + " {http}/many/f[0000-0099].bin -o {outdir}/f#1.bin",
            "curl -Z": CURL + " -Z {http}/many/f[0000-0099].bin -o {outdir}/f#1.bin",
            "nettools (download_many)": "py:ours.download_many {http}/many 100 {outdir}",
        },
        check="files:100", reach="0.1 in time",
    ),
)  # fmt: skip
