drop index fleet_log.events_usage;
drop table fleet_log.checkpoint_parts cascade;
drop table fleet_log.checkpoint_manifests cascade;
drop table fleet_state.rulings cascade;
drop table fleet_state.checkpoints cascade;
