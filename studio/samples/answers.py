"""An agent as a step. It has no model: it looks words up, quotes, and asks a person when it finds nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from pydantic import BaseModel, Field

from workflows_app import create_workflow, template

SENTENCE = re.compile(r"[^.!?\s][^.!?]*[.!?]*")
WORD = re.compile(r"[^\W_]+")
ENDING = re.compile(r"(?:ing|ed|es|s|e)$")
CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
READING_PACE = 0.15  # seconds a word
SMALL_WORDS = (
    "a an and are at be by can do does for from has have how i in is it many may me much my of on or our that the "
    "their there they this to was we what when where which who whom whose why will with you your"
)

EXAMPLE = (
    "The library is open from nine to seven on weekdays. On Saturdays it closes at two, on Sundays it stays shut. "
    "Books may be kept for four weeks. Who returns a book late pays twenty cents a day. "
    "The reading room has eighty seats, and quiet is kept there. Maps are shown by Ms Aalto on the second floor."
)


class Question(BaseModel):
    question: str = Field(default="When does the library close on Saturdays?", min_length=3, max_length=300)
    text: str = Field(
        default=EXAMPLE,
        min_length=1,
        max_length=50_000,
        description="The answer is looked for in here. Card numbers are refused.",
        json_schema_extra={"x-widget": "textarea"},
    )


class Answer(BaseModel):
    answer: str
    quotes: list[str] = Field(description="The sentences it was found in.")
    by_person: bool = False


class PersonsAnswer(BaseModel):
    answer: str = Field(min_length=1, max_length=2_000, json_schema_extra={"x-widget": "textarea"})


class Reader:
    """Takes a question, an empty line and a text."""

    id = "reader"
    description: str | None = "Quotes the sentences of a text that have most words of a question."

    async def stream(self, prompt: str, *, resume_data: Any = None, **options: Any) -> AsyncIterator[dict[str, Any]]:
        question, _, text = prompt.partition("\n\n")
        if any(is_card(found[0]) for found in CARD.finditer(prompt)):
            yield {"type": "tripwire", "reason": "There is a card number in it. Take it out and ask again."}
        elif resume_data is not None:
            yield value(resume_data.answer, [], by_person=True)
        else:
            wanted = stems(question)
            yield {"type": "tool-call", "toolName": "look-up", "args": {"words": words(question)}}
            await asyncio.sleep(0.8)
            quotes = best(text, wanted)
            yield {"type": "tool-result", "toolName": "look-up", "result": {"sentences": len(quotes)}}
            if not quotes:
                yield {"type": "suspend", "payload": {"question": question}, "title": "The text does not say"}
                return
            for word in pieces(" ".join(quotes)):
                yield {"type": "text-delta", "text": word}
                await asyncio.sleep(READING_PACE)
            yield value(" ".join(quotes), quotes)


def value(answer: str, quotes: list[str], *, by_person: bool = False) -> dict[str, Any]:
    return {"type": "object", "object": Answer(answer=answer, quotes=quotes, by_person=by_person).model_dump()}


def words(text: str) -> list[str]:
    """List the words of a text that say something."""
    return [word for word in WORD.findall(text.lower()) if word not in SMALL_WORDS.split()]


def stems(text: str) -> set[str]:
    """List the words of a text without their endings: closes, closed and closing are one."""
    return {ENDING.sub("", word) if len(word) > 3 else word for word in words(text)}


def best(text: str, wanted: set[str]) -> list[str]:
    """Pick the sentences that have most of the words; at least half of them must be there."""
    sentences = [found[0].strip() for found in SENTENCE.finditer(text)]
    hits = {sentence: len(stems(sentence) & wanted) for sentence in sentences}
    most = max(hits.values(), default=0)
    return [sentence for sentence, count in hits.items() if count == most][:3] if most * 2 >= len(wanted) > 0 else []


def pieces(text: str) -> Iterator[str]:
    """Yield the words of a text, each with the space after it."""
    return iter(re.findall(r"\S+\s*", text))


def is_card(digits: str) -> bool:
    """Tell a number of a payment card by its check digit."""
    numbers = [int(digit) for digit in reversed(digits) if digit.isdigit()]
    doubled = (sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0


answer_from_text = (
    create_workflow(
        id="answer-from-text",
        description="An agent without a model quotes the sentences that answer a question, or asks a person.",
        input_schema=Question,
        output_schema=Answer,
    )
    .map({"prompt": template("${initData.question}\n\n${initData.text}")}, id="put-question")
    .agent(Reader(), id="read", output_schema=Answer, resume_schema=PersonsAnswer)
    .commit()
)
