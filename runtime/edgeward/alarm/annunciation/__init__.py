"""What is heard and seen of alarms: sound, lights, a display, and what an integrator adds."""
