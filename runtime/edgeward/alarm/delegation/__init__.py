"""Alarms told to people elsewhere: to ends at the far side of links that lose, reorder and repeat.

Rules:
1. The signals of this device are given here unless a remote end has confirmed that it gives them,
   and has confirmed it again within T. When its link is lost they are given here at once, and so
   they are when all were asked and nobody has confirmed an alarm.
2. Loss of a link is told at both ends, each by its own clock.
3. An alarm of HIGH or MEDIUM priority is offered to one receiver after the other, until a person
   has confirmed it. Nothing else counts as told: neither sent, nor received, nor shown.
4. A message holds everything its sender knows, so any later one makes up for those that were lost;
   one that is older than what is known changes nothing.
"""
