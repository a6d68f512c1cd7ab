"""Jobs over a link with a round trip of 50 ms: what counts is how often the client waits."""

from __future__ import annotations

from benchmarks.jobs import CURL, MPOP, Goal, Job

__all__ = ["OVER_LINK"]

OVER_LINK = (
    Job(
        "link-smtp-1", "SMTP: 1 message, 3 recipients", "smtplib",
        {
            "smtplib": "py:smtp.smtplib_send {host} {smtp_port} {root}/mail10k.eml 1 3",
            "aiosmtplib": "py:smtp.aiosmtplib_send {host} {smtp_port} {root}/mail10k.eml 1 3",
            "curl": CURL + " -K {curl_1_3}",
            "nettools": "py:ours.send_mails {host} {smtp_port} {root}/mail10k.eml 1 3",
        },
        sunk=1, goals=(Goal("turns", 5),),
    ),
    Job(
        "link-smtp-100", "SMTP: 100 messages, 3 recipients, one connection", "smtplib",
        {
            "smtplib": "py:smtp.smtplib_send {host} {smtp_port} {root}/mail10k.eml 100 3",
            "aiosmtplib": "py:smtp.aiosmtplib_send {host} {smtp_port} {root}/mail10k.eml 100 3",
            "curl": CURL + " -K {curl_100_3}",
            "nettools": "py:ours.send_mails {host} {smtp_port} {root}/mail10k.eml 100 3",
        },
        sunk=100, goals=(Goal("turns", 104),),
    ),
    Job(
        "link-pop3-100", "POP3: 100 messages", "poplib",
        {
            "poplib": "py:pop3.poplib_all {host} {pop3_port} u100 100",
            "curl": CURL + " -u u100:x pop3://{host}:{pop3_port}/[1-100] -o {outdir}/m#1",
            "mpop": MPOP + " --user=u100",
            "nettools": "py:ours.mail_whole pop3 {host} {pop3_port} u100 100",
        },
        check="mails:100", goals=(Goal("turns", 6),),
    ),
    Job(
        "link-imap-list", "IMAP: list 1,000 messages", "imaplib, raw",
        {
            "imaplib, raw": "py:imap.imaplib_raw {host} {imap_port} u1000 1000",
            "IMAPClient": "py:imap.imapclient_list {host} {imap_port} u1000 1000",
            "imap-tools": "py:imap.imap_tools_list {host} {imap_port} u1000 1000",
            "nettools": "py:ours.mail_list imap {host} {imap_port} u1000 1000",
        },
        check="n:1000", goals=(Goal("turns", 4),), notes={"imaplib, raw": "decodes nothing"},
    ),
    Job(
        "link-imap-whole", "IMAP: 100 whole messages", "imaplib, one FETCH",
        {
            "imaplib, one FETCH": "py:imap.imaplib_whole {host} {imap_port} u100 100",
            "IMAPClient": "py:imap.imapclient_whole {host} {imap_port} u100 100",
            "imap-tools": "py:imap.imap_tools_whole {host} {imap_port} u100 100",
            "curl": CURL + " -u u100:x imap://{host}:{imap_port}/INBOX;MAILINDEX=[1-100] -o {outdir}/m#1",
            "nettools": "py:ours.mail_whole imap {host} {imap_port} u100 100",
        },
        check="mails:100", goals=(Goal("turns", 4),),
    ),
    Job(
        "link-nntp-100", "NNTP: 100 articles", "nntplib",
        {
            "nntplib": "py:nntp.nntplib_articles {host} {nntp_port} {group} 100",
            "nettools": "py:ours.articles {host} {nntp_port} {group} 100",
        },
        check="mails:100", goals=(Goal("turns", 6),),
    ),
    Job(
        "link-ftp-1", "FTP: one file of 4 KiB", "ftplib",
        {
            "ftplib": "py:ftp.ftplib_get {host} {ftp_port} /many1000/f0000.bin {outdir}/f0000.bin",
            "aioftp": "py:ftp.aioftp_get {host} {ftp_port} /many1000/f0000.bin {outdir}/f0000.bin",
            "curl": CURL + " {ftp}/many1000/f0000.bin -o {outdir}/f0000.bin",
            "lftp": "lftp -c 'set cmd:verbose no; get {ftp}/many1000/f0000.bin -o {outdir}/f0000.bin'",
            "nettools": "py:ours.ftp_get {ftp}/many1000/f0000.bin {outdir}/f0000.bin",
        },
        check="files:1", goals=(Goal("turns", 6),),
    ),
    Job(
        "link-ftp-100", "FTP: 100 files of 4 KiB", "ftplib",
        {
            "ftplib": "py:ftp.ftplib_folder {host} {ftp_port} /many100 {outdir} 100",
            "curl": CURL + " {ftp}/many100/f[0000-0099].bin -o {outdir}/f#1.bin",
            "lftp mirror, 8 connections": "lftp -c 'set cmd:verbose no; open {ftp}; mirror -P8 /many100 {outdir}'",
            "nettools (download_many)": "py:ours.download_many {ftp}/many100 100 {outdir}",
            "nettools (ftp_mirror)": "py:ours.ftp_mirror {ftp}/many100/ {outdir}",
        },
        check="files:100",
        goals=tuple(Goal("wall", 0.3, f"nettools ({name})") for name in ("download_many", "ftp_mirror")),
    ),
    Job(
        "link-http-100", "HTTP: 100 files of 4 KiB", "requests.Session",
        {
            "requests.Session": "py:http.requests_files {http}/many100 100 {outdir}",
            "aiohttp, 16 connections": "py:http.aiohttp_files {http}/many100 100 {outdir}",
            "curl": CURL + " {http}/many100/f[0000-0099].bin -o {outdir}/f#1.bin",
            "curl -Z": CURL + " -Z {http}/many100/f[0000-0099].bin -o {outdir}/f#1.bin",
            "nettools (download_many)": "py:ours.download_many {http}/many100 100 {outdir}",
        },
        check="files:100", goals=(Goal("wall", 0.1, "nettools (download_many)"),),
    ),
)  # fmt: skip
