use aws_smithy_runtime_api::http::StatusCode;

use super::*;

fn named(name: &str) -> &'static Shape {
    SHAPES.iter().find(|shape| shape.name == name).unwrap()
}

async fn answered(operation: &str, body: &str, sum: Option<u32>) -> Result<Answered, String> {
    let status = StatusCode::try_from(200_u16).unwrap();
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    if let Some(sum) = sum {
        let headers = response.headers_mut();
        headers.insert("x-amz-crc32", sum.to_string());
    }
    let read = read(response, &Expected::Members(named(operation))).await;
    read.map_err(|error| std::error::Error::source(&error).unwrap().to_string())
}

#[tokio::test]
async fn what_dynamodb_answers_is_an_answer() {
    for (operation, body) in [
        ("GetItem", "{}"),
        ("GetItem", r#"{"Item":{"id":{"S":"a"}}}"#),
        ("GetItem", r#"{"NewOne":1,"ConsumedCapacity":{}}"#),
        ("PutItem", "{}"),
        ("BatchGetItem", r#"{"Responses":{}}"#),
        ("BatchWriteItem", r#"{"UnprocessedItems":{}}"#),
        ("Scan", r#"{"Count":0,"Items":[]}"#),
    ] {
        assert!(answered(operation, body, None).await.is_ok(), "{body}");
    }
}

#[tokio::test]
async fn nothing_else_is() {
    for (operation, body) in [
        ("GetItem", ""),
        ("GetItem", "[]"),
        ("GetItem", "null"),
        ("GetItem", r#"{"Item":{"#),
        ("GetItem", r#"{"message":"log in to this network"}"#),
        ("PutItem", ""),
        ("PutItem", "<html></html>"),
        ("PutItem", r#"{"Item":{}}"#),
        ("BatchGetItem", "{}"),
        ("Scan", "{}"),
    ] {
        let reason = answered(operation, body, None).await.err().unwrap();
        assert!(reason.contains("not from DynamoDB"), "{body}: {reason}");
    }
}

#[tokio::test]
async fn an_answer_of_another_server_shows_its_status_and_content_type_alone() {
    let ask = async |expected: &Expected, status: u16, kind: Option<&str>, body: &str| {
        let status = StatusCode::try_from(status).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(body.to_owned()));
        if let Some(kind) = kind {
            response
                .headers_mut()
                .insert("content-type", kind.to_owned());
        }
        let error = read(response, expected).await.err()?;
        let cause = std::error::Error::source(&error).unwrap().to_string();
        Some((error.is_user(), cause))
    };
    let html = Some("text/html; charset=utf-8");
    let (lasts, said) = ask(&Expected::Object, 404, html, "<p>no").await.unwrap();
    assert!(lasts, "another attempt is of no use");
    assert!(
        said.contains("HTTP status 404, content type text/html. Check"),
        "{said}"
    );
    let (lasts, said) = ask(&Expected::Object, 200, None, "").await.unwrap();
    assert!(!lasts && said.contains("no content type"), "{said}");
    let odd = Some("sid=abc; q");
    let (_, said) = ask(&Expected::Object, 403, odd, "<Error/>").await.unwrap();
    assert!(!said.contains("abc"), "{said}");
    for status in [408, 500, 503] {
        let (lasts, said) = ask(&Expected::Object, status, html, "<p>").await.unwrap();
        assert!(!lasts && said.ends_with("content type text/html"), "{said}");
        assert_eq!(ask(&Expected::Object, status, html, "{}").await, None);
    }
    assert_eq!(ask(&Expected::Object, 429, html, "<p>").await, None);
    assert_eq!(ask(&Expected::Anything, 404, html, "<p>").await, None);
    assert_eq!(ask(&Expected::Object, 400, None, "{}").await, None);
}

#[tokio::test]
async fn a_long_body_is_known_by_its_first_member() {
    let text = "x".repeat(2 * LONG);
    let answers = |first: &str| format!(r#"{{"{first}":{{"text":{{"S":"{text}"}}}}}}"#);
    assert!(answered("GetItem", &answers("Item"), None).await.is_ok());
    assert!(answered("GetItem", &answers("page"), None).await.is_err());
    assert!(answered("Scan", &answers("Item"), None).await.is_err());
}

#[tokio::test]
async fn a_checksum_has_to_match() {
    let sum = crc32fast::hash(b"{}");
    assert!(answered("PutItem", "{}", Some(sum)).await.is_ok());
    let reason = answered("PutItem", "{}", Some(sum + 1))
        .await
        .err()
        .unwrap();
    assert!(reason.contains("damaged"), "{reason}");
}
