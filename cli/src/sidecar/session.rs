//! The requests of a connection, one after another.

use std::{
    collections::HashMap,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, PoisonError},
};

use neovm::{EngineConfig, Network, ProtocolSettings};

use super::{
    Shared,
    chain::{Follower, Pending, Refused},
    connection::{Broken, Connection},
    message::{Answer, PROTOCOL, Request, status},
    run,
    store::Habits,
};
use crate::engine::EngineKind;

/// How many networks are kept, with the scripts that they decoded and compiled.
const MAX_NETWORKS: usize = 8;

/// The networks that clients have opened.
pub(crate) struct Networks {
    engine: EngineKind,
    known: Mutex<HashMap<String, Arc<Opened>>>,
}

/// A network, and what its jobs usually read.
struct Opened {
    network: Network,
    habits: Habits,
}

impl Networks {
    pub(crate) fn new(engine: EngineKind) -> Self {
        Self { engine, known: Mutex::default() }
    }

    fn open(&self, settings: ProtocolSettings) -> Arc<Opened> {
        // Settings have only texts and numbers.
        let name = serde_json::to_string(&settings).unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_NETWORKS && !known.contains_key(&name) {
            // Connections that use them go on.
            known.clear();
        }
        let make = || {
            let network = Network::with_engine(settings, self.engine.config(EngineConfig::default()));
            Arc::new(Opened { network, habits: Habits::default() })
        };
        Arc::clone(known.entry(name).or_insert_with(make))
    }
}

/// Serves a connection to its end.
pub(crate) fn serve(stream: UnixStream, shared: &Shared) -> Result<(), Broken> {
    let connection = Connection::new(stream, shared.timeout)?;
    shared.note(&connection.running);
    let mut opened = None;
    let mut pending: Pending = None;
    loop {
        let handled = connection.request(|| shared.is_stopped()).and_then(|request| match request {
            Request::Open { network: settings } => {
                opened = Some(shared.networks.open(*settings));
                connection.send(&Answer::Opened { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION") })
            }
            Request::Run(job) => match &opened {
                Some(opened) => run::run(&connection, &opened.network, &opened.habits, &job),
                None => refuse(&connection, &Refused::argument("no network was opened")),
            },
            // It came too late.
            Request::Cancel(_) => Ok(()),
            Request::Values(_) | Request::Entries { .. } | Request::Failed(_) => {
                Err(Broken::Protocol("an answer to what was not asked".into()))
            }
            Request::Chain {} => follow(&connection, shared, |follower| follower.chain(&connection)),
            Request::Block(text) => {
                follow(&connection, shared, |follower| follower.block(&connection, &mut pending, &text))
            }
            Request::File(execution) => {
                follow(&connection, shared, |follower| follower.file(&connection, &pending, execution))
            }
            Request::Append { changes } => {
                follow(&connection, shared, |follower| follower.append(&connection, &mut pending, changes))
            }
        });
        if let Err(broken) = handled {
            if let Broken::Protocol(message) = &broken {
                let _ = connection.send(&Answer::Error { status: status::INPUT, message });
            }
            return Err(broken);
        }
    }
}

/// Does something with the chain that is followed.
fn follow(
    connection: &Connection,
    shared: &Shared,
    what: impl FnOnce(&mut Follower) -> Result<Result<(), Refused>, Broken>,
) -> Result<(), Broken> {
    let Some(follower) = &shared.follower else {
        return refuse(connection, &Refused::argument("no chain is followed: give --data and --config"));
    };
    let mut follower = follower.lock().unwrap_or_else(PoisonError::into_inner);
    match what(&mut follower)? {
        Ok(()) => Ok(()),
        Err(refused) => refuse(connection, &refused),
    }
}

fn refuse(connection: &Connection, refused: &Refused) -> Result<(), Broken> {
    connection.send(&Answer::Error { status: refused.status, message: &refused.message })
}
