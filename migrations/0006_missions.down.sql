-- Functions and views of sql/ that use these tables go with them; sql/ is applied again afterwards.
drop index fleet_state.reservations_sortie;
drop table fleet_state.missions, fleet_state.sorties, fleet_state.sortie_dependencies cascade;
