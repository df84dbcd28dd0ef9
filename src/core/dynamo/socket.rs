//! An open connection, and the time at which something was last heard from it.
//!
//! A connection can die without notice: the host fails over, a NAT gateway forgets the connection, the
//! machine at the other end freezes. A request on it notices only by a timeout, and each further idle
//! connection would cost one more timeout. So after a timeout, connections that were silent for the same time
//! are closed, see [`Sockets::close_silent_since`].

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use super::connect::Peer;
use super::telemetry::audience::Audience;
use super::telemetry::{self, Change, Event};
use super::tls;

use crate::core::lock::locked;

/// Bytes in both directions: TCP, TLS, or TLS inside of TLS.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection of any kind.
pub type Stream = Box<dyn Io>;

/// The connections to one host.
#[derive(Default)]
pub struct Sockets(Mutex<Vec<Weak<Pulse>>>);

impl Sockets {
    fn add(&self, pulse: &Arc<Pulse>) {
        let mut sockets = locked(&self.0);
        sockets.retain(|each| each.strong_count() > 0);
        sockets.push(Arc::downgrade(pulse));
    }

    /// The number of open connections.
    pub fn open(&self) -> usize {
        let sockets = locked(&self.0);
        sockets
            .iter()
            .filter(|each| each.strong_count() > 0)
            .count()
    }

    /// Closes the connections from which nothing was heard since `since`. Connections with a request in flight stay
    /// open: the request has its own timeout.
    pub fn close_silent_since(&self, since: Instant) {
        let sockets = locked(&self.0);
        for pulse in sockets.iter().filter_map(Weak::upgrade) {
            if pulse.state().heard < since {
                pulse.is_doubted.store(true, Ordering::Release);
                pulse.reader.wake();
            }
        }
    }
}

/// The state of an open connection.
pub struct Pulse {
    opened: Instant,
    peer: Peer,
    state: Mutex<State>,
    /// Whether the connection is closed at its next poll, unless something was heard.
    is_doubted: AtomicBool,
    reader: AtomicWaker,
}

struct State {
    /// When something was last heard. Opening the connection counts.
    heard: Instant,
    /// Whether a request was sent since then.
    is_awaiting: bool,
}

impl Pulse {
    /// Whether the connection was opened before `moment`.
    pub fn is_older_than(&self, moment: Instant) -> bool {
        self.opened < moment
    }

    /// The address at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    fn hear(&self) {
        let mut state = self.state();
        state.heard = Instant::now();
        state.is_awaiting = false;
        self.is_doubted.store(false, Ordering::Release);
    }
}

/// Lets a request find the [`Pulse`] of its connection. Weak, because hyper may keep it longer than the connection.
#[derive(Clone)]
pub struct PulseOf(pub Weak<Pulse>);

/// Reports what happens to a connection.
pub struct Reports {
    /// The listeners.
    pub audience: Arc<Audience>,
    /// The host and port of the service.
    pub host: String,
}

impl Reports {
    /// The connection was opened.
    pub fn opened(&self, took: Duration, peer: &Peer) {
        self.tell(Change::Opened, took, Some(peer), None);
    }

    /// The connection could not be opened.
    pub fn failed(&self, took: Duration, error: &(dyn StdError + Send + Sync + 'static)) {
        self.tell(Change::Failed, took, None, Some(error));
    }

    fn tell(
        &self,
        change: Change,
        took: Duration,
        peer: Option<&Peer>,
        error: Option<&(dyn StdError + Send + Sync + 'static)>,
    ) {
        self.audience.tell(|| {
            Event::Connection(telemetry::Connection {
                change,
                host: self.host.clone(),
                peer: peer.map(|peer| peer.address().to_string()),
                took,
                error: error.map(ToString::to_string),
            })
        });
    }
}

/// An open connection. It counts for the limit on connections until it is dropped.
pub struct Socket {
    stream: TokioIo<Stream>,
    pulse: Arc<Pulse>,
    /// The host, if the connection is without TLS and nothing was heard from it yet.
    unheard: Option<String>,
    /// Whether the other end is a proxy that forwards each request.
    is_forwarded: bool,
    reports: Reports,
    _permit: OwnedSemaphorePermit,
}

impl Socket {
    /// A connection to `peer`. It is added to `sockets`.
    pub fn new(
        stream: Stream,
        peer: Peer,
        unheard: Option<String>,
        is_forwarded: bool,
        sockets: &Sockets,
        reports: Reports,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let opened = Instant::now();
        let state = State {
            heard: opened,
            is_awaiting: false,
        };
        let pulse = Arc::new(Pulse {
            opened,
            peer,
            state: Mutex::new(state),
            is_doubted: AtomicBool::new(false),
            reader: AtomicWaker::new(),
        });
        sockets.add(&pulse);
        Self {
            stream: TokioIo::new(stream),
            pulse,
            unheard,
            is_forwarded,
            reports,
            _permit: permit,
        }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TokioIo<Stream>> {
        Pin::new(&mut self.get_mut().stream)
    }

    /// Reads available bytes. If the first byte shows that the server speaks TLS, fails with an explanation.
    fn read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unheard.is_none() || buffer.remaining() == 0 {
            return self.stream().poll_read(context, buffer);
        }
        // If the server expects TLS, it answers with an alert, or closes the connection without an answer.
        let mut first = [0];
        let mut read = ReadBuf::new(&mut first);
        let outcome = ready!(self.as_mut().stream().poll_read(context, read.unfilled()));
        let heard = read.filled();
        buffer.put_slice(heard);
        let host = self.get_mut().unheard.take().unwrap_or_default();
        match (outcome, heard) {
            (Ok(()), [tls::ALERT]) => {
                let error = tls::spoken_by(&host);
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)))
            }
            (Ok(()), []) => Poll::Ready(Err(tls::silent(&host, io::ErrorKind::UnexpectedEof))),
            (Err(error), _) if error.kind() == io::ErrorKind::ConnectionReset => {
                Poll::Ready(Err(tls::silent(&host, error.kind())))
            }
            (outcome, _) => Poll::Ready(outcome),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Pulse { opened, peer, .. } = &*self.pulse;
        self.reports
            .tell(Change::Closed, opened.elapsed(), Some(peer), None);
    }
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.is_forwarded);
        connected.extra(PulseOf(Arc::downgrade(&self.pulse)))
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.pulse.reader.register(context.waker());
        let outcome = self.as_mut().read(context, buffer);
        match &outcome {
            // The end of the connection counts as heard too: then hyper closes it anyway.
            Poll::Ready(_) => self.pulse.hear(),
            Poll::Pending => {
                let is_doubted = self.pulse.is_doubted.load(Ordering::Acquire);
                if is_doubted && !self.pulse.state().is_awaiting {
                    // Report the end of the connection. Hyper closes it, and sends no more requests on it.
                    return Poll::Ready(Ok(()));
                }
            }
        }
        outcome
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.as_mut().stream().poll_write(context, bytes);
        self.note_sent(&outcome);
        outcome
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.as_mut().stream().poll_write_vectored(context, buffers);
        self.note_sent(&outcome);
        outcome
    }
}

impl Socket {
    fn note_sent(&self, outcome: &Poll<io::Result<usize>>) {
        if matches!(outcome, Poll::Ready(Ok(_))) {
            self.pulse.state().is_awaiting = true;
        }
    }
}
