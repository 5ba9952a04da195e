"""Labels as a camera sees them: a QR code as a picture file, and as a film that Chromium takes for a camera."""

import io
from pathlib import Path

import qrcode
from PIL import Image

SIZE = (640, 480)


def picture(text: str) -> Image.Image:
    """The code of a text in the middle of a grey frame, as large as a hand would hold it."""
    code = qrcode.make(text, border=4).get_image().convert("L").resize((320, 320))
    frame = Image.new("L", SIZE, 170)
    frame.paste(code, ((SIZE[0] - 320) // 2, (SIZE[1] - 320) // 2))
    return frame


def png(text: str) -> bytes:
    out = io.BytesIO()
    picture(text).save(out, "PNG")
    return out.getvalue()


def film(path: Path, text: str) -> Path:
    """Writes a film of one still, as YUV4MPEG2: luma of the picture, and no colour."""
    luma = picture(text).tobytes()
    colour = bytes([128]) * (SIZE[0] * SIZE[1] // 2)
    head = f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + (b"FRAME\n" + luma + colour) * 5)
    return path
