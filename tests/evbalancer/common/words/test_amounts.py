import pytest
from django.utils.translation import override

from evbalancer.common.words.amounts import amps, duration, kilowatts, kwh, number, percent, power, volts


@pytest.mark.parametrize(
    ("words", "english", "german"),
    [
        (lambda: amps(5_000), "5 A", "5 A"),
        (lambda: amps(9_240), "9.2 A", "9,2 A"),
        (lambda: amps(5_000, fixed=True), "5.0 A", "5,0 A"),
        (lambda: amps(1_250_000), "1,250 A", "1.250 A"),
        (lambda: volts(230_500), "230.5 V", "230,5 V"),
        (lambda: kwh(12_500), "12.5 kWh", "12,5 kWh"),
        (lambda: kwh(4_000), "4 kWh", "4 kWh"),
        (lambda: kwh(0), "0 kWh", "0 kWh"),
        (lambda: kwh(123_450), "123.5 kWh", "123,5 kWh"),
        (lambda: kwh(1_234_000), "1,234 kWh", "1.234 kWh"),
        (lambda: kwh(40), "0.04 kWh", "0,04 kWh"),
        (lambda: kilowatts(3_680), "3.7 kW", "3,7 kW"),
        (lambda: power(999), "999 W", "999 W"),
        (lambda: power(11_000), "11 kW", "11 kW"),
        (lambda: percent(50), "50 %", "50 %"),
        (lambda: number(-1_500), "-1,500", "-1.500"),
        (lambda: duration(59), "less than a minute", "weniger als einer Minute"),
        (lambda: duration(60), "1 min", "1 min"),
        (lambda: duration(3_599), "59 min", "59 min"),
        (lambda: duration(3_900), "1 h 05 min", "1 h 05 min"),
    ],
)
def test_amounts_are_written_as_the_reader_writes_them(words, english, german):
    assert words() == english
    with override("de"):
        assert words() == german
