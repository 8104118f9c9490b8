"""Files in a municipality's folder that somebody prepared to do harm."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from bot.knowledge import KnowledgeError, load_knowledge
from tests.knowledge.small import own_entry, write, write_core

RAN = "ausgefuehrt"


@pytest.fixture
def core(tmp_path: Path) -> Path:
    return write_core(tmp_path / "core")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "lokal"
    folder.mkdir()
    return folder


def refusal(core: Path, own: Path) -> str:
    start = time.process_time()
    with pytest.raises(KnowledgeError) as caught:
        load_knowledge(core, own)
    assert time.process_time() - start < 5
    return str(caught.value)


TRAPS = [
    f"!!python/object/apply:os.mkdir ['{RAN}']",
    f"kontakt: !!python/object/new:os.system ['mkdir {RAN}']",
    "kontakt: !!python/name:os.system",
    f"eintraege: !!python/object/apply:subprocess.check_output [[mkdir, {RAN}]]",
    "!<tag:yaml.org,2002:python/module:os> ''",
    "kontakt: &x [*x]",
    "kontakt: &x {<<: *x}",
    "a: &a [x]\nb: *a",
    "? [a, b]\n: c",
    "? {a: b}\n: c",
    "kontakt: {name: a, name: b, hinweis: c}",
    "<<: {kontakt: {name: a, hinweis: b}}",
    "[" * 1_000_000,
    "- " * 1_000_000,
    "{a: " * 300_000,
    "? " * 1_000_000,
    "a: |\n" + " x\n" * 2_000_000,
    "--- a\n--- b\n" * 1000,
    "%YAML 9.9\n---\na: b",
    "a: b\n\tc: d",
    "a: \x00",
    "a: \x1b[2J",
    '"\\ud800": a',
    "kontakt: 2026-13-45",
    "kontakt: 0x" + "f" * 100_000,
    "kontakt: " + "1" * 100_000,
    "kontakt: 190:20:30:40",
    "kontakt: .inf",
    "kontakt: !!binary '////'",
    "kontakt: !!set {a, b}",
    "eintraege: yes",
    "gruppe: no",
]


@pytest.mark.parametrize("content", TRAPS, ids=[trap[:16] for trap in TRAPS])
def test_it_is_refused_with_its_name_and_nothing_in_it_runs(
    core: Path, own: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own)
    (own / "falle.yml").write_text(content, encoding="utf-8", errors="surrogatepass")
    assert "falle.yml" in refusal(core, own)
    assert not (own / RAN).exists()


@pytest.mark.parametrize(
    "raw",
    [b"\xff\xfe", b"a: \xff", b"\x80" * 100, "kontakt: ä".encode("latin-1"), os.urandom(4096)],
)
def test_bytes_that_are_no_text_are_refused(core: Path, own: Path, raw: bytes) -> None:
    (own / "falle.yml").write_bytes(raw)
    assert "falle.yml" in refusal(core, own)


def test_a_byte_order_mark_does_no_harm(core: Path, own: Path) -> None:
    data = {"gruppe": "politik", "eintraege": [own_entry("stadt-eigenes")]}
    text = yaml.safe_dump(data, allow_unicode=True)
    (own / "windows.yml").write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert "stadt-eigenes" in load_knowledge(core, own)


def test_a_link_out_of_the_folder_is_not_followed(core: Path, own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "geheim.yml"
    secret.write_text("hoechst_geheim: 12345\n", encoding="utf-8")
    (own / "falle.yml").symlink_to(secret)
    said = refusal(core, own)
    assert "außerhalb" in said
    assert "hoechst_geheim" not in said


def test_a_link_within_the_folder_is_followed_as_a_mounted_volume_has_them(
    core: Path, own: Path
) -> None:
    data = {"gruppe": "politik", "eintraege": [own_entry("stadt-eigenes")]}
    write(own / "..stand" / "eigenes.yml", data)
    (own / "eigenes.yml").symlink_to(Path("..stand") / "eigenes.yml")
    assert "stadt-eigenes" in load_knowledge(core, own)


def test_links_in_a_circle_pipes_and_devices_are_refused(core: Path, own: Path) -> None:
    (own / "kreis.yml").symlink_to("kreis.yml")
    os.mkfifo(own / "rohr.yml")
    (own / "ordner.yml").mkdir()
    (own / "ohne_ende.yml").symlink_to("/dev/zero")
    said = refusal(core, own)
    assert all(name in said for name in ("kreis.yml", "rohr.yml", "ordner.yml", "ohne_ende.yml"))
