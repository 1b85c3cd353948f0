"""Resources, power, battery, temperature: what is measured, what is modelled, what is unknown."""
