"""What a charge point reports and what it is answered, in words of no OCPP version.

The protocol rooms translate frames into these, `chargers.domain.intake` takes them, and the outcome is translated
back. Every report says who it is from and when it arrived; the charger's own clock is a second time beside it.
"""
