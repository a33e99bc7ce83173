import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chargers.simulator import faults
from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.site import Site

ACCEPTED = {"status": "Accepted"}
TOKEN = {"idToken": "TAG1", "type": "ISO14443"}


@pytest.fixture(params=["2.0.1", "2.1"])
async def idle(csms, request):
    csms.answers.update(
        {
            "Authorize": {"idTokenInfo": {"status": "Accepted"}},
            "TransactionEvent": {},
            "SignCertificate": ACCEPTED,
            "NotifyEVChargingNeeds": ACCEPTED,
        }
    )
    async with Site(csms.url, tick_s=0.02) as site:
        spec = ChargePointSpec(
            id="CS1", key="first-key-0123456", version=request.param, connectors=2, reboot_s=0.1
        )
        cs = site.add(spec)
        cs.settings.backoff_first_s, cs.settings.backoff_most_s = 0.05, 0.1
        cs.settings.upkeep_step_s = 0.01
        await site.connected()
        await csms.until(lambda: len(csms.said("StatusNotification")) == 2)
        yield cs


@pytest.fixture
async def charging(csms, idle):
    await idle.plug_in(Car(settle_s=0.05), id_tag="TAG1")
    await csms.until(lambda: idle.draw_ma()[0] == 16_000 and idle.talker.idle)
    return idle


def events(csms):
    return csms.said("TransactionEvent")


def told(csms):
    return [
        (e["eventType"], e["triggerReason"], e["transactionInfo"].get("chargingState")) for e in events(csms)
    ]


def connector_statuses(csms):
    return [s["connectorStatus"] for s in csms.said("StatusNotification") if s["evseId"] == 1]


def profile(limit_a, *, purpose="TxProfile", profile_id=1, transaction_id=None, **schedule):
    data = {
        "id": profile_id,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
                **schedule,
            }
        ],
    }
    return {**data, "transactionId": transaction_id} if transaction_id else data


async def test_transaction_is_told_as_numbered_events(csms, charging):
    await charging.unplug()
    await csms.until(lambda: told(csms)[-1][0] == "Ended" and connector_statuses(csms)[-1] == "Available")
    assert told(csms) == [
        ("Started", "Authorized", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
        ("Ended", "EVDeparted", "Idle"),
    ]
    assert [e["seqNo"] for e in events(csms)] == [0, 1, 2]
    assert {e["transactionInfo"]["transactionId"] for e in events(csms)} == {
        events(csms)[0]["transactionInfo"]["transactionId"]
    }
    assert events(csms)[0]["idToken"] == TOKEN
    assert events(csms)[-1]["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert connector_statuses(csms) == ["Available", "Occupied", "Available"]


async def test_meter_values_come_as_updates_of_the_transaction(csms, idle):
    answer = await csms.call(
        "CS1",
        "SetVariables",
        {
            "setVariableData": [
                {
                    "attributeValue": "1",
                    "component": {"name": "SampledDataCtrlr"},
                    "variable": {"name": "TxUpdatedInterval"},
                }
            ]
        },
    )
    assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted"
    await idle.plug_in(Car(settle_s=0), id_tag="TAG1")
    await csms.until(lambda: "MeterValuePeriodic" in [reason for _, reason, _ in told(csms)])
    values = events(csms)[-1]["meterValue"][0]["sampledValue"]
    currents = {v["phase"]: v["value"] for v in values if v["measurand"] == "Current.Import"}
    assert currents == {"L1": 16.0, "L2": 16.0, "L3": 16.0}


async def test_profile_is_obeyed_read_back_reported_and_cleared(csms, charging):
    ref = charging.connector(1).transaction.ref
    data = profile(8, transaction_id=ref)
    request = {"evseId": 1, "chargingProfile": data}
    assert await csms.call("CS1", "SetChargingProfile", request) == ACCEPTED
    await csms.until(lambda: charging.draw_ma() == (8_000, 8_000, 8_000))
    answer = await csms.call("CS1", "GetCompositeSchedule", {"duration": 60, "evseId": 1})
    assert answer["schedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 8.0}]
    wanted = {"requestId": 5, "chargingProfile": {"chargingProfilePurpose": "TxProfile"}}
    assert await csms.call("CS1", "GetChargingProfiles", wanted) == ACCEPTED
    await csms.until(lambda: csms.said("ReportChargingProfiles"))
    assert csms.said("ReportChargingProfiles")[0]["chargingProfile"] == [data]
    assert await csms.call("CS1", "ClearChargingProfile", {"chargingProfileId": 1}) == ACCEPTED
    assert await csms.call("CS1", "ClearChargingProfile", {"chargingProfileId": 1}) == {"status": "Unknown"}
    assert await csms.call("CS1", "GetChargingProfiles", wanted) == {"status": "NoProfiles"}
    await csms.until(lambda: charging.draw_ma() == (16_000, 16_000, 16_000))


async def test_profile_for_another_transaction_is_refused_with_a_reason(csms, charging):
    request = {"evseId": 1, "chargingProfile": profile(8, transaction_id="other")}
    answer = await csms.call("CS1", "SetChargingProfile", request)
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}
    request = {"evseId": 7, "chargingProfile": profile(8)}
    answer = await csms.call("CS1", "SetChargingProfile", request)
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}
    faults.begin(charging, "profiles_not_supported")
    answer = await csms.call("CS1", "SetChargingProfile", {"evseId": 1, "chargingProfile": profile(8)})
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "NotSupported"}}


async def test_remote_start_carries_its_id_and_remote_stop_ends(csms, idle):
    request = {"idToken": TOKEN, "remoteStartId": 77, "evseId": 1, "chargingProfile": profile(7)}
    assert await csms.call("CS1", "RequestStartTransaction", request) == ACCEPTED
    await idle.plug_in(Car(settle_s=0))
    await csms.until(lambda: idle.draw_ma()[0] == 7_000)
    await csms.until(lambda: events(csms))
    assert events(csms)[0]["transactionInfo"]["remoteStartId"] == 77
    assert told(csms)[0][:2] == ("Started", "RemoteStart")
    ref = idle.connector(1).transaction.ref
    asked = {"transactionId": ref}
    answer = await csms.call("CS1", "GetTransactionStatus", asked)
    assert answer["ongoingIndicator"]
    assert await csms.call("CS1", "RequestStopTransaction", asked) == ACCEPTED
    assert await csms.call("CS1", "RequestStopTransaction", asked) == {"status": "Rejected"}
    await csms.until(lambda: told(csms)[-1][:2] == ("Ended", "RemoteStop"))


async def test_events_of_an_offline_spell_come_later_and_say_so(csms, charging):
    charging.link.unplug_network()
    await csms.until(lambda: not charging.online)
    await charging.unplug()
    charging.link.plug_network()
    await csms.until(lambda: told(csms)[-1][0] == "Ended")
    assert [e["offline"] for e in events(csms)] == [False, False, True]
    assert len(csms.said("BootNotification")) == 1


async def test_token_refused_in_the_answer_stops_the_transaction(csms, idle):
    csms.answers["TransactionEvent"] = {"idTokenInfo": {"status": "Blocked"}}
    await idle.plug_in(Car(settle_s=0), id_tag="TAG1")
    await csms.until(lambda: events(csms) and told(csms)[-1][0] == "Ended")
    assert told(csms)[-1][1] == "Deauthorized"


async def test_base_report_comes_in_parts_with_every_variable(csms, idle):
    request = {"requestId": 9, "reportBase": "FullInventory"}
    assert await csms.call("CS1", "GetBaseReport", request) == ACCEPTED
    await csms.until(lambda: csms.said("NotifyReport") and not csms.said("NotifyReport")[-1]["tbc"])
    parts = csms.said("NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    reported = sum(len(part["reportData"]) for part in parts)
    assert reported == len(idle.device_model.variables)
    secret = next(e for p in parts for e in p["reportData"] if e["variable"]["name"] == "BasicAuthPassword")
    assert secret["variableAttribute"] == [{"type": "Actual", "mutability": "WriteOnly"}]
    asked = {"requestId": 10, "componentVariable": [{"component": {"name": "TxCtrlr"}}]}
    assert await csms.call("CS1", "GetReport", asked) == ACCEPTED
    nothing = {"requestId": 11, "componentVariable": [{"component": {"name": "Toaster"}}]}
    assert await csms.call("CS1", "GetReport", nothing) == {"status": "EmptyResultSet"}


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("OCPPCommCtrlr.HeartbeatInterval", "60", "Accepted"),
        ("ocppcommctrlr.heartbeatinterval", "60", "Accepted"),
        ("OCPPCommCtrlr.HeartbeatInterval", "often", "Rejected"),
        ("SmartChargingCtrlr.RateUnit", "W", "Rejected"),
        ("SecurityCtrlr.BasicAuthPassword", "short", "Rejected"),
        ("Toaster.Heat", "3", "UnknownComponent"),
        ("TxCtrlr.Heat", "3", "UnknownVariable"),
    ],
)
async def test_variable_is_set_or_refused(csms, idle, name, value, status):
    component, variable = name.split(".")
    data = {"component": {"name": component}, "variable": {"name": variable}}
    request = {"setVariableData": [{**data, "attributeValue": value}]}
    answer = await csms.call("CS1", "SetVariables", request)
    assert answer["setVariableResult"] == [{**data, "attributeStatus": status}]


async def test_variables_are_read_and_secrets_are_not(csms, idle):
    def ask(component, variable, **more):
        return {"component": {"name": component}, "variable": {"name": variable}, **more}

    asked = [
        ask("SampledDataCtrlr", "TxUpdatedInterval"),
        ask("SecurityCtrlr", "BasicAuthPassword"),
        ask("TxCtrlr", "TxStartPoint", attributeType="Target"),
        {"component": {"name": "EVSE", "evse": {"id": 2}}, "variable": {"name": "Power"}},
    ]
    answer = await csms.call("CS1", "GetVariables", {"getVariableData": asked})
    results = [(r["attributeStatus"], r.get("attributeValue")) for r in answer["getVariableResult"]]
    assert results == [
        ("Accepted", "10"),
        ("Rejected", None),
        ("NotSupportedAttributeType", None),
        ("Accepted", "22080"),
    ]


async def test_new_password_is_used_from_the_next_connection_on(csms, idle):
    data = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    request = {"setVariableData": [{**data, "attributeValue": "second-key-012345"}]}
    await csms.call("CS1", "SetVariables", request)
    await csms.until(lambda: len(csms.logins) == 2 and idle.online)
    assert csms.logins[-1] == ("CS1", b"second-key-012345")


@pytest.mark.parametrize(("kind", "status"), [("Immediate", "Accepted"), ("OnIdle", "Scheduled")])
async def test_reset_at_once_or_when_idle(csms, charging, kind, status):
    assert await csms.call("CS1", "Reset", {"type": kind}) == {"status": status}
    if kind == "OnIdle":
        await asyncio.sleep(0.1)
        assert charging.connector(1).transaction is not None
        await charging.unplug()
    await csms.until(lambda: len(csms.said("BootNotification")) == 2)
    assert [b["reason"] for b in csms.said("BootNotification")] == ["PowerUp", "RemoteReset"]
    assert await csms.call("CS1", "Reset", {"type": kind, "evseId": 1}) == {"status": "Rejected"}


async def test_availability_reservation_and_unlock(csms, charging):
    change = {"operationalStatus": "Inoperative", "evse": {"id": 2}}
    assert await csms.call("CS1", "ChangeAvailability", change) == ACCEPTED
    change = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    assert await csms.call("CS1", "ChangeAvailability", change) == {"status": "Scheduled"}
    assert await csms.call("CS1", "ChangeAvailability", {"operationalStatus": "Operative"}) == ACCEPTED
    unlock = {"evseId": 1, "connectorId": 1}
    assert await csms.call("CS1", "UnlockConnector", unlock) == {"status": "OngoingAuthorizedTransaction"}
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    reserve = {"id": 3, "expiryDateTime": later, "idToken": TOKEN}
    assert await csms.call("CS1", "ReserveNow", reserve) == ACCEPTED
    assert charging.connector(2).reservation.id == 3
    assert await csms.call("CS1", "ReserveNow", {**reserve, "id": 4}) == {"status": "Occupied"}
    assert await csms.call("CS1", "CancelReservation", {"reservationId": 3}) == ACCEPTED


@pytest.mark.parametrize(
    ("wanted", "action"),
    [
        ("BootNotification", "BootNotification"),
        ("Heartbeat", "Heartbeat"),
        ("StatusNotification", "StatusNotification"),
        ("MeterValues", "MeterValues"),
        ("FirmwareStatusNotification", "FirmwareStatusNotification"),
        ("LogStatusNotification", "LogStatusNotification"),
        ("SignChargingStationCertificate", "SignCertificate"),
    ],
)
async def test_triggered_message_comes(csms, idle, wanted, action):
    mark = len(csms.said(action))
    assert await csms.call("CS1", "TriggerMessage", {"requestedMessage": wanted}) == ACCEPTED
    await csms.until(lambda: len(csms.said(action)) > mark)
    rejected = {"requestedMessage": wanted, "evse": {"id": 9}}
    assert await csms.call("CS1", "TriggerMessage", rejected) == {"status": "Rejected"}


async def test_firmware_logs_and_customer_information(csms, idle):
    firmware = {"location": "http://x/f", "retrieveDateTime": datetime.now(UTC).isoformat()}
    assert await csms.call("CS1", "UpdateFirmware", {"requestId": 1, "firmware": firmware}) == ACCEPTED
    log = {"logType": "SecurityLog", "requestId": 2, "log": {"remoteLocation": "http://x"}}
    answer = await csms.call("CS1", "GetLog", log)
    assert answer == {"status": "Accepted", "filename": "CS1-SecurityLog.log"}
    asked = {"requestId": 3, "report": True, "clear": True}
    assert await csms.call("CS1", "CustomerInformation", asked) == ACCEPTED
    await csms.until(lambda: len(csms.said("FirmwareStatusNotification")) == 5)
    await csms.until(lambda: len(csms.said("LogStatusNotification")) == 2)
    await csms.until(lambda: csms.said("NotifyCustomerInformation"))
    assert csms.said("FirmwareStatusNotification")[-1] == {"status": "Installed", "requestId": 1}
    assert csms.said("NotifyCustomerInformation")[0]["requestId"] == 3


async def test_local_list_and_cache(csms, idle):
    entry = {"idToken": {"idToken": "LOCAL", "type": "ISO14443"}, "idTokenInfo": {"status": "Accepted"}}
    request = {"versionNumber": 2, "updateType": "Full", "localAuthorizationList": [entry]}
    assert await csms.call("CS1", "SendLocalList", request) == ACCEPTED
    assert await csms.call("CS1", "GetLocalListVersion", {}) == {"versionNumber": 2}
    again = {**request, "updateType": "Differential"}
    assert await csms.call("CS1", "SendLocalList", again) == {"status": "VersionMismatch"}
    assert await csms.call("CS1", "ClearCache", {}) == ACCEPTED
    idle.settings.local_list_enabled = False
    assert await csms.call("CS1", "SendLocalList", {**request, "versionNumber": 3}) == {"status": "Failed"}
    assert await csms.call("CS1", "GetLocalListVersion", {}) == {"versionNumber": 0}


async def test_entry_of_the_local_list_ends_when_the_server_says(csms, idle):
    info = {"status": "Accepted", "cacheExpiryDateTime": "2020-01-01T00:00:00Z"}
    entry = {"idToken": {"idToken": "LOCAL", "type": "ISO14443"}, "idTokenInfo": info}
    request = {"versionNumber": 2, "updateType": "Full", "localAuthorizationList": [entry]}
    assert await csms.call("CS1", "SendLocalList", request) == ACCEPTED
    known = idle.whitelist.find("LOCAL")
    assert known is not None
    assert not known.allows(idle.clock.now())


async def test_display_messages_and_costs(csms, idle):
    message = {"id": 4, "priority": "NormalCycle", "message": {"format": "UTF8", "content": "hello"}}
    assert await csms.call("CS1", "SetDisplayMessage", {"message": message}) == ACCEPTED
    assert await csms.call("CS1", "GetDisplayMessages", {"requestId": 1}) == ACCEPTED
    await csms.until(lambda: csms.said("NotifyDisplayMessages"))
    assert csms.said("NotifyDisplayMessages")[0]["messageInfo"] == [message]
    assert await csms.call("CS1", "ClearDisplayMessage", {"id": 4}) == ACCEPTED
    assert await csms.call("CS1", "ClearDisplayMessage", {"id": 4}) == {"status": "Unknown"}
    assert await csms.call("CS1", "GetDisplayMessages", {"requestId": 2}) == {"status": "Unknown"}
    assert await csms.call("CS1", "CostUpdated", {"totalCost": 1.5, "transactionId": "t"}) == {}
    assert idle.costs == {"t": 1.5}


async def test_monitors_are_set_reported_and_cleared(csms, idle):
    data = {
        "value": 5,
        "type": "UpperThreshold",
        "severity": 3,
        "component": {"name": "TxCtrlr"},
        "variable": {"name": "EVConnectionTimeOut"},
    }
    unknown = {**data, "component": {"name": "Toaster"}}
    request = {"setMonitoringData": [data, unknown]}
    answer = await csms.call("CS1", "SetVariableMonitoring", request)
    assert [r["status"] for r in answer["setMonitoringResult"]] == ["Accepted", "UnknownComponent"]
    assert await csms.call("CS1", "GetMonitoringReport", {"requestId": 1}) == ACCEPTED
    await csms.until(lambda: csms.said("NotifyMonitoringReport"))
    answer = await csms.call("CS1", "ClearVariableMonitoring", {"id": [1, 2]})
    assert [r["status"] for r in answer["clearMonitoringResult"]] == ["Accepted", "NotFound"]
    answer = await csms.call("CS1", "GetMonitoringReport", {"requestId": 2})
    assert answer == {"status": "EmptyResultSet"}
    assert await csms.call("CS1", "SetMonitoringBase", {"monitoringBase": "All"}) == ACCEPTED
    assert await csms.call("CS1", "SetMonitoringLevel", {"severity": 4}) == ACCEPTED
    assert await csms.call("CS1", "SetMonitoringLevel", {"severity": 40}) == {"status": "Rejected"}


async def test_local_limit_holds_and_is_told(csms, charging):
    charging.local_limit(10_000)
    await csms.until(lambda: charging.draw_ma()[0] == 10_000 and csms.said("NotifyChargingLimit"))
    charging.local_limit(None)
    await csms.until(lambda: charging.draw_ma()[0] == 16_000 and csms.said("ClearedChargingLimit"))


async def test_charging_needs_and_events_are_told(csms, charging):
    assert await charging.tell_charging_needs(1, energy_wh=20_000) == "Accepted"
    charging.tell_event("Connector", "Temperature", "71")
    charging.security_event("TamperDetectionActivated")
    await csms.until(lambda: csms.said("NotifyEvent") and csms.said("SecurityEventNotification"))
    needs = csms.said("NotifyEVChargingNeeds")[0]["chargingNeeds"]
    assert needs["acChargingParameters"]["evMaxCurrent"] == 16
    with pytest.raises(ValueError, match="no car"):
        await charging.tell_charging_needs(2, energy_wh=1)


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Fly", {}, "NotImplemented"),
        ("PublishFirmware", {"location": "x", "checksum": "c", "requestId": 1}, "NotSupported"),
        ("Reset", {}, "ProtocolError"),
        ("Reset", {"type": "Immediate", "when": "now"}, "FormatViolation"),
    ],
)
async def test_bad_request_gets_the_specifications_error(csms, idle, action, payload, code):
    assert await csms.call("CS1", action, payload) == ("error", code)


async def test_events_count_from_0_again_on_a_new_connection_where_a_make_does_so(csms, charging):
    faults.begin(charging, "renumbered_events")
    before = len(events(csms))
    charging.link.drop()
    await csms.until(lambda: not charging.online)
    await csms.until(lambda: charging.online)
    charging.announce_sample(charging.connector(1), "Sample.Periodic")
    charging.announce_sample(charging.connector(1), "Sample.Periodic")
    await csms.until(lambda: len(events(csms)) >= before + 2)
    assert [event["seqNo"] for event in events(csms)[-2:]] == [0, 1]
