//! Downloads on a separate thread, so that the receiver notices a silent server and can cancel at any time.

use std::{
    io::{self, Read as _},
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

/// Longest time between two calls of the receiver, which may cancel.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A part of a download, for the receiver.
pub(crate) enum Piece<'a> {
    /// The download begins at byte `start`; `length` bytes follow, if the server states it.
    Begin { start: u64, length: Option<u64> },
    /// The next bytes.
    Bytes(&'a [u8]),
    /// No bytes since the last call.
    Nothing,
}

/// A message from the downloading thread.
enum Message {
    Begin { start: u64, length: Option<u64> },
    Bytes(Vec<u8>),
    End,
    Failed(String),
}

/// Downloads from byte `have` on if the server supports it, else from the beginning. `take` receives the parts.
///
/// # Errors
/// When the server fails, when fewer than `least` bytes arrive within `patience`, and when `take` fails.
pub(crate) fn receive<E: From<String>>(
    url: &str,
    have: u64,
    patience: Duration,
    least: u64,
    take: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (sender, sent) = sync_channel(4);
    let url = url.to_owned();
    // The thread ends when the receiver is gone, at the latest after its patience.
    thread::spawn(move || {
        let end = match send(&url, have, patience, &sender) {
            Ok(()) => Message::End,
            Err(problem) => Message::Failed(problem),
        };
        let _ = sender.send(end);
    });
    let (mut since, mut bytes, mut begun) = (Instant::now(), 0, false);
    loop {
        match sent.recv_timeout(POLL_INTERVAL.min(patience)) {
            Ok(Message::Begin { start, length }) => {
                (since, begun) = (Instant::now(), true);
                take(Piece::Begin { start, length })?;
            }
            Ok(Message::Bytes(chunk)) => {
                bytes += chunk.len() as u64;
                take(Piece::Bytes(&chunk))?;
            }
            Ok(Message::End) => return Ok(()),
            Ok(Message::Failed(problem)) => return Err(problem.into()),
            Err(RecvTimeoutError::Timeout) => take(Piece::Nothing)?,
            Err(RecvTimeoutError::Disconnected) => return Err("the download ended".to_owned().into()),
        }
        if since.elapsed() >= patience {
            if bytes < least {
                let seconds = patience.as_secs_f32();
                return Err(match begun {
                    true => format!("it sent {bytes} bytes in {seconds} seconds"),
                    false => format!("it did not answer within {seconds} seconds"),
                }
                .into());
            }
            (since, bytes) = (Instant::now(), 0);
        }
    }
}

fn send(url: &str, have: u64, patience: Duration, sender: &SyncSender<Message>) -> Result<(), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_resolve(Some(patience))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .timeout_per_write(Some(patience))
        .build()
        .into();
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = match request.call() {
        // No bytes remain: the part file is complete or longer than the file. The hash decides.
        Err(ureq::Error::StatusCode(416)) if have > 0 => return Ok(()),
        Err(problem) => return Err(problem.to_string()),
        Ok(response) => response,
    };
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let length = header("content-length").and_then(|value| value.parse().ok());
    // `bytes 100-199/200`
    let from = header("content-range").and_then(|range| range.strip_prefix("bytes "));
    let from = from.and_then(|range| range.split('-').next()).and_then(|start| start.trim().parse().ok());
    let status = response.status().as_u16();
    let resumed = status == 206;
    let (is_whole, is_the_rest) = (matches!(status, 200 | 203), resumed && have > 0);
    if !(is_whole || is_the_rest) {
        return Err(format!("it answered with status {status}, which is not a complete file"));
    }
    let start = if resumed { from.unwrap_or(have) } else { 0 };
    if sender.send(Message::Begin { start, length }).is_err() {
        return Ok(());
    }
    let (mut body, mut buffer) = (response.into_body().into_reader(), vec![0; 1 << 16]);
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                if sender.send(Message::Bytes(buffer[..count].to_vec())).is_err() {
                    return Ok(());
                }
            }
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) => return Err(problem.to_string()),
        }
    }
}
