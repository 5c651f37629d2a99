//! `/readyz` answers for every part; `/metrics` counts in buckets.

use axum::body::Body;
use axum::http::Request;
use redress_runtime::listener::health_routes;
use redress_runtime::{Health, metrics};
use tower::ServiceExt as _;

async fn get(health: &Health, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = health_routes(health.clone()).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_process_is_ready_when_every_part_is() {
    let health = Health::new();
    let (router, email) = (health.part("router"), health.part("email.help"));
    router.ready();
    assert_eq!(get(&health, "/healthz").await, (200, "ok\n".to_owned()));

    let (status, body) = get(&health, "/readyz").await;
    assert_eq!(status, 503, "{body}");

    email.failing("cannot log in");
    let (status, body) = get(&health, "/readyz").await;
    let report: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 503);
    assert_eq!(report["ready"], false);
    assert_eq!(report["parts"]["email.help"]["state"], "failing");
    assert_eq!(report["parts"]["email.help"]["reason"], "cannot log in");
    assert_eq!(report["parts"]["router"]["state"], "ready");

    email.degraded("slow");
    assert_eq!(get(&health, "/readyz").await.0, 200);
}

#[tokio::test]
async fn metrics_are_installed_once_and_histograms_have_buckets() {
    metrics::install();
    ::metrics::counter!("redress_test_total").increment(2);
    ::metrics::histogram!("redress_test_seconds").record(0.003);
    metrics::install();
    let (status, text) = get(&Health::new(), "/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("redress_test_total 2"), "{text}");
    assert!(text.contains("redress_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    assert!(text.contains("redress_test_seconds_bucket{le=\"0.0025\"} 0"), "{text}");
}
