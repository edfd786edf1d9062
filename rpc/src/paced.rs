//! Connections whose clients have to read their answers in time.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A connection that fails if its client does not read an answer at a rate.
///
/// From when the client has to be waited for there is a time that it may take, and a little more for each byte that it
/// takes. A client that reads a byte now and then is not waited for much longer than one that reads nothing.
#[derive(Debug)]
pub(crate) struct Paced<S> {
    stream: S,
    patience: Duration,
    /// The time that it may take for a byte.
    of_byte: Duration,
    /// When it is waited for no longer, since it has to be waited for.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    /// Lets the client take some time for an answer, and a second more for each `rate` bytes.
    pub(crate) fn new(stream: S, patience: Duration, rate: u32) -> Self {
        Self { stream, patience, of_byte: Duration::from_secs(1) / rate.max(1), deadline: None }
    }

    /// Takes note of what came of writing.
    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match (&written, &mut self.deadline) {
            (Poll::Ready(Ok(length)), Some(deadline)) => {
                let length = u32::try_from(*length).unwrap_or(u32::MAX);
                let later = deadline.deadline() + self.of_byte * length;
                deadline.as_mut().reset(later);
            }
            (Poll::Ready(_), _) => {}
            (Poll::Pending, deadline) => {
                let patience = self.patience;
                ready!(deadline.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is read too slowly")));
            }
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when everything was written: the next answer has its own time.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.deadline = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
