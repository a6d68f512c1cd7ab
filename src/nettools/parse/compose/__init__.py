"""Messages to send: built from text, HTML and attachments, or a ready one made fit for the wire.

The inverse of `parse.message`: RFC 5322 and MIME out, with CR LF line ends. A message is a list of pieces, octets or
files still on the disk, so that its size is known and its octets come block by block, however big an attachment is.
Bcc never stands in what is sent, and nothing that came from the caller can begin a header of its own.

- `addresses`: what may stand in an envelope; addresses as they are given
- `fields`: header fields and parameters, encoded and folded (RFC 2047, 2231)
- `pieces`: octets and files, and the message ready to be sent
- `building`: text, HTML and attachments as a MIME tree
- `ready`: a message that is there already
"""

from nettools._lazy import lazy

_HOMES = {
    "addresses": "check_address",
    "building": "compose",
    "pieces": "Draft Prepared",
    "ready": "prepare wire_octets",
}

__getattr__, __dir__, __all__ = lazy(__name__, _HOMES)
