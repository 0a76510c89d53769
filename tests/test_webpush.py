"""The protocol of web push: the example of the standard byte by byte, and what a browser reads of ours."""

from __future__ import annotations

import secrets

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag

from tests.subscriber import Subscriber, bytes_of, claims_of, text_of
from workflows_app import webpush

# RFC 8291, section 5 and appendix A
PLAIN = b"When I grow up, I want to be a watermelon"
SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
BROWSER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
STUDIO = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
STUDIO_POINT = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_byte_by_byte() -> None:
    own = webpush.key_of(STUDIO)
    assert webpush.encoded(webpush.point_of(own)) == STUDIO_POINT
    assert text_of(webpush.sealed(PLAIN, POINT, SECRET, own=own, salt=bytes_of(SALT))) == BODY


def test_a_browser_reads_the_example_and_what_is_made_anew() -> None:
    browser = Subscriber(bytes_of(BROWSER), bytes_of(SECRET))
    assert text_of(browser.point) == POINT
    assert browser.read(bytes_of(BODY)) == PLAIN
    first, second = (webpush.sealed(PLAIN, POINT, SECRET) for _ in range(2))
    assert browser.read(first) == browser.read(second) == PLAIN
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_no_other_browser_reads_it() -> None:
    body = webpush.sealed(PLAIN, POINT, SECRET)
    for other in (Subscriber(secret=bytes_of(SECRET)), Subscriber(bytes_of(BROWSER))):
        with pytest.raises(InvalidTag):
            other.read(body)


def test_the_word_of_the_sender_is_signed_by_its_key() -> None:
    key = webpush.key_of(STUDIO)
    word = webpush.authorization(key, "https://push.example.org", "mailto:ada@example.org", 1_453_523_768)
    said = claims_of({"authorization": word}, STUDIO_POINT)
    assert said == {"aud": "https://push.example.org", "exp": 1_453_523_768, "sub": "mailto:ada@example.org"}
    begin, _, end = word.partition(".")
    with pytest.raises(InvalidSignature):
        claims_of({"authorization": begin.replace("ey", "eX", 1) + "." + end}, STUDIO_POINT)


def test_any_32_random_bytes_are_a_key() -> None:
    assert len(webpush.point_of(webpush.key_of(secrets.token_urlsafe(32)))) == 65


@pytest.mark.parametrize(
    "text", ["", "x", STUDIO[:-1], STUDIO + "AA", "!" * 43, text_of(bytes(32)), text_of(b"\xff" * 32), "ä" * 43]
)
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^give 32 random bytes in base64url, as secrets.token_urlsafe\(32\)"):
        webpush.key_of(text)


@pytest.mark.parametrize(
    ("point", "secret"),
    [(POINT[:-2], SECRET), (POINT, SECRET[:-2]), (text_of(b"\4" + bytes(64)), SECRET), ("", ""), (POINT, "ä" * 22)],
)
def test_what_no_browser_gave_is_refused(point: str, secret: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        webpush.sealed(PLAIN, point, secret)
