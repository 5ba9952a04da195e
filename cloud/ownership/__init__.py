"""Whose a unit is: claims, the people of a household, handing it on, taking it back."""
