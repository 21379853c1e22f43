drop index fleet_log.events_usage;
drop table fleet_log.checkpoint_parts;
drop table fleet_log.checkpoint_manifests;
drop table fleet_state.rulings;
drop table fleet_state.checkpoints;
