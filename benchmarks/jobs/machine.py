"""Jobs on one machine, over loopback: time, CPU, memory, and what one more item costs among ten times as many."""

from __future__ import annotations

from benchmarks.jobs import CURL, MPOP, Goal, Job

__all__ = ["ON_THE_MACHINE"]

ON_THE_MACHINE = (
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
        check="file", goals=(Goal("wall", 1.0), Goal("cpu", 1.0), Goal("memory", 45)),
        grows="py:ours.download {http}/{n}m.bin {out}", sizes=(1, 102, 1024),
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
        check="n:5000", goals=(Goal("cpu", 0.3),),
        grows="py:ours.http_session {http} {n}", sizes=(1, 500, 5000),
    ),
    Job(
        "ftp-get-1g", "FTP: RETR of 1 GiB to a file", "curl",
        {
            "curl": CURL + " -o {out} {ftp}/big.bin",
            "ftplib": "py:ftp.ftplib_get {host} {ftp_port} /big.bin {out}",
            "lftp": "lftp -c 'set cmd:verbose no; get {ftp}/big.bin -o {out}'",
            "aioftp, 1 MiB blocks": "py:ftp.aioftp_get {host} {ftp_port} /big.bin {out}",
            "a bare socket, splice": "py:bare.ftp_get {host} {ftp_port} /big.bin {out}",
            "nettools": "py:ours.ftp_get {ftp}/big.bin {out}",
            "nettools (command)": "nettools ftp get {ftp}/big.bin -o {out}",
        },
        check="file", goals=(Goal("cpu", 0.8),),
        grows="py:ours.ftp_get {ftp}/{n}m.bin {out}", sizes=(1, 102, 1024),
    ),
    Job(
        "ftp-put-1g", "FTP: STOR of 1 GiB", "curl",
        {
            "curl": CURL + " -T {root}/www/big.bin {ftp}/up/{up}",
            "ftplib": "py:ftp.ftplib_put {host} {ftp_port} {root}/www/big.bin /up/{up}",
            "lftp": "lftp -c 'set cmd:verbose no; open {ftp}; put {root}/www/big.bin -o /up/{up}'",
            "a bare socket, sendfile": "py:bare.ftp_put {host} {ftp_port} {root}/www/big.bin /up/{up}",
            "nettools": "py:ours.ftp_put {root}/www/big.bin {ftp}/up/{up}",
            "nettools (command)": "nettools ftp put {root}/www/big.bin {ftp}/up/{up}",
        },
        check="upload", goals=(Goal("cpu", 0.65),),
        grows="py:ours.ftp_put {root}/www/{n}m.bin {ftp}/up/{up}", sizes=(1, 102, 1024),
    ),
    Job(
        "ftp-mirror", "FTP: a folder of 1,000 files of 4 KiB", "ftplib",
        {
            "ftplib": "py:ftp.ftplib_folder {host} {ftp_port} /many1000 {outdir} 1000",
            "lftp mirror, 8 connections": "lftp -c 'set cmd:verbose no; open {ftp}; mirror -P8 /many1000 {outdir}'",
            "nettools": "py:ours.ftp_mirror {ftp}/many1000/ {outdir}",
        },
        check="files:1000", grows="py:ours.ftp_mirror {ftp}/many{n}/ {outdir}", sizes=(1, 100, 1000),
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
        check="n:10000", goals=(Goal("cpu", 3), Goal("memory", 40)),
        grows="py:ours.mail_list imap {host} {imap_port} u{n} {n}", sizes=(1, 1000, 10000),
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
        check="mails:2000", goals=(Goal("cpu", 1.3),),
        grows="py:ours.mail_whole imap {host} {imap_port} u{n} {n}", sizes=(1, 200, 2000),
    ),
    Job(
        "pop3", "POP3: 2,000 messages", "poplib",
        {
            "poplib": "py:pop3.poplib_all {host} {pop3_port} u2000 2000",
            "curl": CURL + " -u u2000:x pop3://{host}:{pop3_port}/[1-2000] -o {outdir}/m#1",
            "mpop": MPOP + " --user=u2000",
            "nettools": "py:ours.mail_whole pop3 {host} {pop3_port} u2000 2000",
        },
        check="mails:2000", goals=(Goal("wall", 0.45),),
        grows="py:ours.mail_whole pop3 {host} {pop3_port} u{n} {n}", sizes=(1, 200, 2000),
    ),
    Job(
        "mail-file", "IMAP and POP3: one message of 64 MiB to a file", "imaplib",
        {
            "imaplib": "py:imap.imaplib_file {host} {imap_port} u64m {out}",
            "poplib": "py:pop3.poplib_file {host} {pop3_port} u64m {out}",
            "nettools, IMAP": "py:ours.mail_file imap {host} {imap_port} u64m {out}",
            "nettools, POP3": "py:ours.mail_file pop3 {host} {pop3_port} u64m {out}",
            "nettools, IMAP, 640 MiB": "py:ours.mail_file imap {host} {imap_port} u640m {out}",
            "nettools, POP3, 640 MiB": "py:ours.mail_file pop3 {host} {pop3_port} u640m {out}",
        },
        check="large",
        goals=tuple(
            Goal("memory", 60, f"nettools, {name}") for name in ("IMAP", "IMAP, 640 MiB", "POP3", "POP3, 640 MiB")
        ),
        grows="py:ours.mail_file pop3 {host} {pop3_port} u{n}m {out}", sizes=(1, 64, 640),
    ),
    Job(
        "smtp-one", "SMTP: 2,000 messages of 10 KiB on one connection", "smtplib",
        {
            "smtplib": "py:smtp.smtplib_send {host} {smtp_port} {root}/mail10k.eml 2000",
            "aiosmtplib": "py:smtp.aiosmtplib_send {host} {smtp_port} {root}/mail10k.eml 2000",
            "curl": CURL + " -K {curl_2000_1}",
            "a bare socket, pipelined": "py:bare.smtp_send {host} {smtp_port} {root}/mail10k.eml 2000",
            "nettools": "py:ours.send_mails {host} {smtp_port} {root}/mail10k.eml 2000",
            "nettools, no two alike": "py:ours.send_different {host} {smtp_port} {root}/mail10k.eml 2000",
        },
        sunk=2000, goals=(Goal("wall", 0.4),),
        grows="py:ours.send_mails {host} {smtp_port} {root}/mail10k.eml {n}", sizes=(1, 200, 2000),
        notes={"a bare socket, pipelined": "reads of each reply its code"},
        remark=(
            "A message already costs one turn, one write and one read: its body and dot go out with the next envelope,"
            " and the body after it is made ready while the server works. The row of the bare socket is what the server"
            " and the turns take; above it are replies as values, an outcome for each recipient, the deadline, and the"
            " start of Python with what is imported."
        ),
    ),
    Job(
        "smtp-big", "SMTP: one attachment of 64 MiB, given as a path", "smtplib and EmailMessage",
        {
            "smtplib and EmailMessage": "py:smtp.smtplib_attachment {host} {smtp_port} {root}/www/64m.bin",
            "nettools": "py:ours.send_attachment {host} {smtp_port} {root}/www/64m.bin",
            "nettools, 640 MiB": "py:ours.send_attachment {host} {smtp_port} {root}/www/640m.bin",
        },
        sunk=1, goals=(Goal("memory", 60), Goal("memory", 60, "nettools, 640 MiB")),
        grows="py:ours.send_attachment {host} {smtp_port} {root}/www/{n}m.bin", sizes=(1, 64, 640),
    ),
    Job(
        "start", "Start-up", "python -c pass",
        {
            "python -c pass": "python -c pass",
            "import requests": "python -c 'import requests'",
            "import nettools": "python -c 'import nettools'",
            "curl --version": "curl --version",
            "HTTPie: http --version": "http --version",
            "nettools --version": "nettools --version",
            "nettools ftp --help": "nettools ftp --help",
        },
        goals=(Goal("wall", 5, "nettools --version"),),
    ),
    Job(
        "parse-listing", "Parsing: 10,000 lines of an FTP listing", "ftputil",
        {"ftputil": "py:parsing.ftputil_lines 10000", "nettools": "py:parsing.our_listing 10000"},
        check="n:10000", goals=(Goal("cpu", 0.2),), grows="py:parsing.our_listing {n}", sizes=(1, 1000, 10000),
    ),
    Job(
        "parse-envelope", "Parsing: 10,000 ENVELOPEs", "IMAPClient",
        {"IMAPClient": "py:parsing.imapclient_envelopes 10000", "nettools": "py:parsing.our_envelopes 10000"},
        check="n:10000", goals=(Goal("cpu", 0.2),), grows="py:parsing.our_envelopes {n}", sizes=(1, 1000, 10000),
    ),
    Job(
        "parse-headers", "Parsing: the headers of 10,000 messages", "email, policy.default",
        {"email, policy.default": "py:parsing.email_headers 10000", "nettools": "py:parsing.our_headers 10000"},
        check="n:10000", goals=(Goal("cpu", 0.2),), grows="py:parsing.our_headers {n}", sizes=(1, 1000, 10000),
    ),
)  # fmt: skip
