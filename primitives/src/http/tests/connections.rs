//! Connections that are kept, and who may share them.

use std::sync::Arc;

use super::{Answer, Server, client, ok, status, within};
use crate::http::{HttpAuth, HttpClient, HttpEnd, HttpError, HttpRequest};

fn sockets(server: &Server) -> Vec<usize> {
    server.received().iter().map(|request| request.socket).collect()
}

#[tokio::test]
async fn two_exchanges_use_one_connection() {
    let server = Server::sending(&ok("hello")).await;
    let client = client();
    for _ in 0..5 {
        within(client.exchange(&server.get("/"))).await.unwrap();
    }
    let mut request = server.request("POST", "/other");
    request.headers.push(("X-Other".into(), "yes".into()));
    within(client.exchange(&request)).await.unwrap();
    assert_eq!(sockets(&server), [1; 6]);
}

#[tokio::test]
async fn credentials_do_not_share_connections() {
    let server = Server::sending(&ok("hello")).await;
    let client = client();
    for token in ["one", "two", "one", "two"] {
        let mut request = server.get("/");
        request.auth = Some(HttpAuth::Bearer { token: token.into() });
        within(client.exchange(&request)).await.unwrap();
    }
    assert_eq!(sockets(&server), [1, 2, 1, 2]);
}

#[tokio::test]
async fn scopes_without_end_do_not_fill_the_memory() {
    let server = Server::sending(&ok("hello")).await;
    let client = client();
    let mut request = server.get("/");
    for token in 0..40 {
        request.auth = Some(HttpAuth::Bearer { token: token.to_string() });
        within(client.exchange(&request)).await.unwrap();
        // The first scope is used again and again, so it is never the one to go.
        request.auth = None;
        within(client.exchange(&request)).await.unwrap();
    }
    let sockets = sockets(&server);
    assert!(sockets.iter().skip(1).step_by(2).all(|socket| *socket == 2), "{sockets:?}");
}

#[tokio::test]
async fn a_connection_that_was_closed_is_replaced() {
    let server = Server::new(vec![Answer::Close(ok("hello").into())]).await;
    let client = client();
    for _ in 0..5 {
        // The server closes without saying so; a request that had not left yet is sent on a new connection.
        match within(client.exchange(&server.get("/"))).await {
            Ok(end) => assert_eq!(end.body, b"hello"),
            Err(error) => assert!(matches!(error, HttpError::Transport { .. }), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn many_exchanges_at_once_keep_apart() {
    let server = Server::new(vec![status(200, "X-Same: yes\r\n")]).await;
    let client = Arc::new(client());
    let exchanges: Vec<_> = (0..50)
        .map(|index| {
            let (client, request) = (Arc::clone(&client), server.get(&format!("/{index}")));
            tokio::spawn(async move { client.exchange(&request).await })
        })
        .collect();
    for exchange in exchanges {
        assert_eq!(within(exchange).await.unwrap().unwrap().status, 200);
    }
    assert_eq!(server.received().len(), 50);
}

#[test]
fn an_exchange_may_move_between_threads() {
    fn movable<T: Send>(value: T) -> T {
        value
    }
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let client = client();
    shared(&client);
    let request = HttpRequest::new("GET", "http://nobody.test/");
    let future = movable(client.exchange(&request));
    drop::<std::pin::Pin<Box<dyn Future<Output = Result<HttpEnd, HttpError>> + Send>>>(Box::pin(future));
    // Nothing was made, and no runtime was needed, for a client that is never used.
    drop(HttpClient::new(super::lookup(&[])));
}
