//! What a client and a server see through a bad network.

use std::time::{Duration, Instant};

use redress_testkit::Proxy;
use redress_testkit::proxy::Way;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A proxy before a server that says back what it hears.
async fn echo() -> Proxy {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    Proxy::before(address).await
}

async fn heard(stream: &mut TcpStream, count: usize) -> Option<Vec<u8>> {
    let mut buffer = vec![0; count];
    let read = tokio::time::timeout(Duration::from_millis(300), stream.read_exact(&mut buffer)).await;
    read.ok()?.ok().map(|_| buffer)
}

#[tokio::test]
async fn without_faults_everything_passes_and_ends_are_passed_on() {
    let proxy = echo().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let sent = vec![7; 300_000];
    let (mut from, mut to) = stream.split();
    let mut back = Vec::new();
    let sending = async {
        to.write_all(&sent).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let ((), read) = tokio::join!(sending, from.read_to_end(&mut back));
    assert_eq!((read.unwrap(), back == sent), (sent.len(), true));
}

#[tokio::test]
async fn a_connection_is_cut_at_the_byte_that_was_said() {
    let proxy = echo().await;
    proxy.cut_at(Way::ToServer, 5);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"123").await.unwrap();
    assert_eq!(heard(&mut stream, 3).await.unwrap(), b"123");
    stream.write_all(b"45678").await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty() || rest == b"45", "{rest:?}");
}

#[tokio::test]
async fn silence_tells_nobody_and_what_was_said_in_it_arrives_afterwards() {
    let proxy = echo().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"a").await.unwrap();
    assert_eq!(heard(&mut stream, 1).await.unwrap(), b"a");
    proxy.fall_silent();
    stream.write_all(b"b").await.unwrap();
    assert!(heard(&mut stream, 1).await.is_none());
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    late.write_all(b"c").await.unwrap();
    proxy.heal();
    assert_eq!(heard(&mut stream, 1).await.unwrap(), b"b");
    assert_eq!(heard(&mut late, 1).await.unwrap(), b"c");
}

#[tokio::test]
async fn whoever_is_refused_is_reset_until_it_heals() {
    let proxy = echo().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"a").await.unwrap();
    assert_eq!(heard(&mut stream, 1).await.unwrap(), b"a");
    proxy.refuse();
    let gone = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0; 1])).await;
    assert!(!matches!(gone.unwrap(), Ok(1..)), "the standing connection is cut");
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), refused.read(&mut [0; 1])).await.unwrap();
    assert!(!matches!(answer, Ok(1..)), "a new one too");
    proxy.heal();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"b").await.unwrap();
    assert_eq!(heard(&mut stream, 1).await.unwrap(), b"b");
}

#[tokio::test]
async fn a_delay_holds_back_each_way() {
    let proxy = echo().await;
    proxy.delay(Duration::from_millis(100));
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let asked = Instant::now();
    stream.write_all(b"a").await.unwrap();
    assert_eq!(heard(&mut stream, 1).await.unwrap(), b"a");
    assert!(asked.elapsed() >= Duration::from_millis(200), "{:?}", asked.elapsed());
}
