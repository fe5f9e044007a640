"""Documents that artifacts can be: a page, a picture, a notebook, a PDF."""

from __future__ import annotations

from typing import Any

PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40">
  <style>circle { fill: teal }</style>
  <circle cx="30" cy="20" r="15"/>
</svg>
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Report</title><style>h1 { color: rgb(0, 128, 0) }</style></head>
<body>
<h1>Report</h1>
<p id="drawn">Not drawn.</p>
<script>document.getElementById('drawn').textContent = 'Drawn by its own script.'</script>
</body>
</html>
"""

NOTEBOOK: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Analysis\n", "\n", "*Why?*"]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "source": ["print(6 * 7)"],
            "outputs": [
                {"name": "stdout", "output_type": "stream", "text": ["42\n"]},
                {
                    "data": {"text/html": ["<b>bold</b><script>window.hit = 1</script>"]},
                    "metadata": {},
                    "output_type": "display_data",
                },
            ],
        },
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def pdf(text: str, script: str = "") -> bytes:
    """A PDF of one page with a line of text.

    Args:
        script: JavaScript that a viewer is told to run when it opens the file.
    """
    line = f"BT /F1 24 Tf 40 100 Td ({text}) Tj ET"
    opening = f" /OpenAction << /S /JavaScript /JS ({script}) >>" if script else ""
    parts = [
        f"<< /Type /Catalog /Pages 2 0 R{opening} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(line)} >>\nstream\n{line}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = len(content)
    content += f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}"
    content += f"trailer << /Size {len(parts) + 1} /Root 1 0 R >>\nstartxref\n{end}\n%%EOF\n"
    return content.encode("latin-1")
