"""The fault laboratory: many hosts and one database on one machine, and what goes wrong with them."""
