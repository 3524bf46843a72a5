//! Stories: endpoints and scripted phones that talk to each other through a small network in memory, on virtual time.

mod calls;
mod calls_out;
mod carriers;
mod connections;
mod desk;
mod edge;
mod families;
mod guarded;
mod lamps;
mod limits;
mod messages;
mod mutations;
mod phone;
mod phones;
mod referrals;
mod reoffers;
mod replacements;
mod restart;
mod secure;
mod swarm;
mod texts;
mod world;
