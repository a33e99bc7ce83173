"""A passkey in software: it answers WebAuthn's options as a browser and its authenticator do, for one host."""

import hashlib
import json
import secrets
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode

PRESENT_AND_VERIFIED, WITH_CREDENTIAL = 0x05, 0x40


class SoftKey:
    def __init__(self, origin: str = "http://testserver", host: str = "testserver") -> None:
        self.origin, self.host = origin, host
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)

    def create(self, options: dict) -> dict:
        client = self._client_data("webauthn.create", options)
        public = cbor.encode(dict(ES256.from_cryptography_key(self._key.public_key())))
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        told = self._authenticator_data(PRESENT_AND_VERIFIED | WITH_CREDENTIAL) + credential
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": told})
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def get(self, options: dict) -> dict:
        client = self._client_data("webauthn.get", options)
        told = self._authenticator_data(PRESENT_AND_VERIFIED)
        signature = self._key.sign(told + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=told, signature=signature)

    def _client_data(self, kind: str, options: dict) -> bytes:
        challenge = options["publicKey"]["challenge"]
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _authenticator_data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", 0)

    def _answer(self, **parts: bytes) -> dict:
        name = websafe_encode(self.id)
        response = {each: websafe_encode(part) for each, part in parts.items()}
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
