import pytest

from chargers.domain.orders.secrets import hide_secrets

ENTRY = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    "said",
    [
        {"key": "AuthorizationKey", "value": "hunter2"},
        {"configurationKey": [{"key": "authorizationkey", "readonly": False, "value": "hunter2"}]},
        {
            "configurationKey": [
                {"key": "WifiPassword", "value": "hunter2"},
                {"key": "X_PSK", "value": "hunter2"},
            ]
        },
        {"setVariableData": [{**ENTRY, "attributeValue": "hunter2"}]},
        {"getVariableResult": [{**ENTRY, "attributeStatus": "Accepted", "attributeValue": "hunter2"}]},
        {"reportData": [{**ENTRY, "variableAttribute": [{"type": "Actual", "value": "hunter2"}]}]},
        {"eventData": [{**ENTRY, "actualValue": "hunter2"}]},
        {"connectionData": {"apn": {"apnPassword": "hunter2", "simPin": 1234}, "vpn": {"key": "hunter2"}}},
        {"connectionData": {"basicAuthPassword": "hunter2"}},
        {"location": "ftp://user:hunter2@files.example/log"},
        {"vendorId": "V", "data": '{"AuthorizationKey": "hunter2", "a": 1}'},
        {"vendorId": "V", "messageId": "SetPassword", "data": "hunter2"},
        {"data": "password=hunter2;ssid=home"},
        {"AuthorizationKey": "hunter2"},
        *(
            {"configurationKey": [{"key": name, "value": "hunter2"}]}
            for name in (
                "WifiKey",
                "wlan_key",
                "WPA2-Key",
                "Network.Key",
                "EncryptionKey",
                "SharedKey",
                "ApiToken",
                "auth_token",
                "AdminPIN",
                "InstallerPin",
                "Display.PinCode",
                "WiFi.Pass",
                "MasterKey",
            )
        ),
        {"location": "ftp://user:hunter2/x@files.example/log"},
        {"location": "ftp://user:x@hunter2@files.example/log"},
        {"location": "sftp://:hunter2@files.example/log"},
        {"location": "https://hunter2@files.example/log"},
        {"vendorId": "V", "data": "GET / Authorization: Basic hunter2hunter2=="},
        {"vendorId": "V", "data": "header is bearer hunter2.hunter2-hunter2"},
        {"note": "its key is 0123456789abcdef, hunter2-0123456789abcdef"},
    ],
    ids=str,
)
def test_secret_is_hidden_wherever_it_stands(said):
    known = "hunter2-0123456789abcdef"
    shown = str(hide_secrets(said, known=known))
    assert "hunter2" not in shown
    assert "1234'" not in shown


def test_what_is_no_secret_stays_as_it_is():
    said = {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "20"}],
        "timestamp": "2026-01-01T00:00:00Z",
        "type": "PasswordChanged",
        "location": "https://files.example/key",
        "public": [{"key": "MeterPublicKey", "value": "04A1"}, {"key": "SpinUp", "value": "1"}],
        "idToken": {"idToken": "04AB", "type": "ISO14443"},
        "mail": "https://files.example:8443/a@b",
        "words": "a basic charger, bearer of good news, basic electricity",
    }
    assert hide_secrets(said) == said


def test_depth_and_nul_do_not_harm_the_log():
    deep = current = {}
    for _ in range(900):
        current["key"] = current = {}
    assert str(hide_secrets(deep, is_cut=True)).count("key") < 30
    assert hide_secrets({"key": "a\0"}) == {"key": "a\ufffd"}
