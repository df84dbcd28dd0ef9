//! Counts the open connections, and the most that were open at a time.
//!
//! A connection counts from the moment it is accepted until it is closed. A connection that asks
//! for the counts is taken out of both numbers by its first such request. One case is left: if
//! another connection is accepted between the two, the maximum can be one too high.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

/// The counts of one server.
#[derive(Debug, Default)]
pub struct Connections {
    open: AtomicU64,
    most: AtomicU64,
}

impl Connections {
    /// Counts a connection until the result is dropped.
    pub fn add(self: &Arc<Self>) -> Connection {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        let most_before = self.most.fetch_max(open, Ordering::Relaxed);
        Connection {
            connections: Arc::clone(self),
            counted: AtomicBool::new(true),
            open,
            most_before,
        }
    }

    /// The counts, as the answer to `GET /stats`.
    pub fn stats(&self) -> Value {
        json!({
            "connections": self.open.load(Ordering::Relaxed),
            "mostConnections": self.most.load(Ordering::Relaxed),
        })
    }

    /// Starts a new maximum, at the connections that are open now.
    pub fn reset(&self) {
        let open = self.open.load(Ordering::Relaxed);
        self.most.store(open, Ordering::Relaxed);
    }
}

/// One open connection.
#[derive(Debug)]
pub struct Connection {
    connections: Arc<Connections>,
    counted: AtomicBool,
    /// How many connections were open when this one was accepted, with this one.
    open: u64,
    /// The maximum without this connection.
    most_before: u64,
}

impl Connection {
    /// The server's counts, without this connection from now on.
    pub fn uncounted(&self) -> &Connections {
        if self.close() && self.most_before < self.open {
            // A maximum that has changed meanwhile is another connection's, and stays.
            let most = &self.connections.most;
            let (relaxed, before) = (Ordering::Relaxed, self.most_before);
            let _ = most.compare_exchange(self.open, before, relaxed, relaxed);
        }
        &self.connections
    }

    /// Whether the connection was counted until now.
    fn close(&self) -> bool {
        let counted = self.counted.swap(false, Ordering::Relaxed);
        if counted {
            self.connections.open.fetch_sub(1, Ordering::Relaxed);
        }
        counted
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}
