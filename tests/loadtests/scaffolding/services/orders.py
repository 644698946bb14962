"""A service of somebody's own: orders with nested items, behind a login (OAuth2 password flow)."""

from __future__ import annotations

import itertools
import secrets
import sys
from datetime import date
from typing import Annotated, Literal
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from pydantic import BaseModel, Field, PositiveInt

app = FastAPI(title="Orders & Scores")
bearer = OAuth2PasswordBearer(tokenUrl="token")
key = APIKeyHeader(name="X-Api-Key")
tokens: set[str] = set()
numbers = itertools.count(1)


class Item(BaseModel):
    sku: str = Field(pattern=r"^[A-Z]{3}-[0-9]{4}$")
    quantity: PositiveInt = Field(le=99)
    gift: bool | None = None


class Address(BaseModel):
    street: str = Field(min_length=3, max_length=60)
    country: Literal["CH", "DE", "FR"]


class Order(BaseModel):
    customer: str = Field(min_length=1)
    placed: date
    address: Address
    items: list[Item] = Field(min_length=1, max_length=5)


class Scored(BaseModel):
    number: int
    risk: float = Field(ge=0, le=1)
    reasons: list[str]


class Token(BaseModel):
    access_token: str
    token_type: str


def get_user(token: Annotated[str, Depends(bearer)]) -> str:
    if token not in tokens:
        raise HTTPException(401, "log in first")
    return token


@app.post("/token")
async def log_in(request: Request) -> Token:
    form = parse_qs((await request.body()).decode())
    if (form.get("username"), form.get("password")) != (["ada"], ["engine"]):
        raise HTTPException(400, "wrong user or password")
    tokens.add(token := secrets.token_hex(8))
    return Token(access_token=token, token_type="bearer")  # noqa: S106


@app.post("/orders", status_code=201)
def create_order(order: Order, _: Annotated[str, Depends(get_user)]) -> Scored:
    return Scored(number=next(numbers), risk=len(order.items) / 10, reasons=["new customer"])


@app.get("/orders/{number}")
def read_order(number: int, _: Annotated[str, Depends(get_user)]) -> Scored:
    if number > 5:
        raise HTTPException(404, "no such order")
    return Scored(number=number, risk=0.5, reasons=[])


@app.get("/search")
def search(
    country: Annotated[Literal["CH", "DE"], Query()],
    x_tenant: Annotated[Literal["blue", "red"], Header()],
    limit: int = 10,
) -> list[Scored]:
    return [Scored(number=1, risk=0.1, reasons=[country, x_tenant])] * min(limit, 3)


@app.get("/reports")
def list_reports(given: Annotated[str, Depends(key)]) -> list[str]:
    if given != "open sesame":
        raise HTTPException(403, "wrong key")
    return ["first"]


@app.delete("/orders/{number}")
def delete_order(number: int) -> None:
    sys.exit(f"a load test deleted the order {number}")


@app.post("/models/reload")
def reload_models() -> None:
    sys.exit("a load test reloaded the models")


@app.get("/healthz")
def check_health() -> str:
    return "ok"
