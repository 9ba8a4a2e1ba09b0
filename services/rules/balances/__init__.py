"""From readings to what is known of a card: ``state`` is the newest figure per field, ``packages`` is data as one figure, ``forecast`` says
how fast it goes and when it is gone, ``urgency`` which card comes first. Each is built on those before it.
"""
