"""Log in with a password, then send the signed token with each request."""
import hmac
import time

import jwt
from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from .settings import settings

TOKEN_SECONDS = 12 * 60 * 60

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])
bearer = HTTPBearer(auto_error=False, description="Token de /api/v1/auth/login")


class Credentials(BaseModel):
    username: str = Field(examples=["test@example.com"])
    password: str = Field(examples=["testpass"])


class Token(BaseModel):
    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0ZXN0In0.c2ln"])
    token_type: str = Field("bearer", examples=["bearer"])
    expires_in: int = Field(TOKEN_SECONDS, description="Validade em segundos")


class Problem(BaseModel):
    detail: str = Field(examples=["Credenciais inválidas"])


@router.post("/login", summary="Autenticar", responses={401: {"model": Problem}})
async def login(credentials: Credentials) -> Token:
    known = hmac.compare_digest(credentials.username.encode(), settings.username.encode())
    correct = hmac.compare_digest(credentials.password.encode(), settings.password.encode())
    if not (known and correct and settings.password):
        raise HTTPException(401, "Credenciais inválidas", {"WWW-Authenticate": "Bearer"})
    claims = {"sub": credentials.username, "exp": int(time.time()) + TOKEN_SECONDS}
    return Token(access_token=jwt.encode(claims, settings.token_secret, algorithm="HS256"))


async def authenticated(credentials: HTTPAuthorizationCredentials = Depends(bearer)) -> str:
    """The user the request's token names; 401 without a valid one."""
    try:
        if credentials is None:
            raise jwt.InvalidTokenError
        return jwt.decode(credentials.credentials, settings.token_secret, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Autenticação necessária", {"WWW-Authenticate": "Bearer"}) from None
