//! Connections that can be broken on purpose.
//!
//! A simulated outage must look like a real one: no polite HTTP error, but a TCP connection that
//! is reset under the client. So the listener keeps a [`Breaker`] for every connection.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Breaks its connection, and knows who is at the other end.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    broken: Arc<AtomicBool>,
    /// The client's address.
    pub(super) peer: SocketAddr,
}

impl Breaker {
    /// From now on nothing is read or written any more: the next attempt drops the connection,
    /// with a reset.
    pub(super) fn break_connection(&self) {
        self.broken.store(true, Ordering::Release);
    }
}

/// A TCP listener whose connections have a [`Breaker`].
pub(super) struct BreakableListener {
    pub(super) inner: TcpListener,
}

impl Listener for BreakableListener {
    type Io = BreakableStream;
    type Addr = Breaker;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // axum's own accept waits and tries again when the process is out of file descriptors.
        let (stream, peer) = Listener::accept(&mut self.inner).await;
        // Answers are small and whole: waiting for more to send only costs time.
        let _ = stream.set_nodelay(true);
        let breaker = Breaker {
            broken: Arc::new(AtomicBool::new(false)),
            peer,
        };
        (
            BreakableStream {
                inner: stream,
                breaker: breaker.clone(),
            },
            breaker,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        let peer = self.inner.local_addr()?;
        Ok(Breaker {
            broken: Arc::new(AtomicBool::new(false)),
            peer,
        })
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for Breaker {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A connection that fails once its breaker was used.
pub(super) struct BreakableStream {
    inner: TcpStream,
    breaker: Breaker,
}

impl BreakableStream {
    fn check(&self) -> io::Result<()> {
        if !self.breaker.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        // Without it the kernel would close politely, with a FIN.
        let _ = self.inner.set_zero_linger();
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for BreakableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for BreakableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
