//! Everything that touches the operating system: sockets, threads, files, clocks. The core above it is told, and orders.

pub mod client;
pub mod clock;
pub mod commands;
pub mod config_files;
pub mod demo;
pub mod descriptors;
pub mod desk;
pub mod driver;
pub mod events;
pub mod facts;
pub mod http;
pub mod journal;
pub mod ledger;
pub mod load;
pub mod loaded;
pub mod media;
pub mod metrics;
pub mod net;
pub mod precedence;
pub mod recorder;
pub mod retention;
pub mod run;
pub mod shapes;
pub mod shipped;
pub mod store;
pub mod telemetry;
