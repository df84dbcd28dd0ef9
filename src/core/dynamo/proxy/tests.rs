use super::*;

fn of_variables(variables: &[(&'static str, &str)]) -> Result<Proxies> {
    let owned = variables
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Proxies::of_variables(&Variables::from_iter(owned))
}

fn shown(proxies: &Proxies, url: &'static str) -> String {
    let proxy = proxies.of(&Uri::from_static(url), false);
    proxy.map_or_else(|| "none".to_owned(), ToString::to_string)
}

#[test]
fn a_proxy_has_a_host_a_port_and_credentials_and_prints_without_the_last() {
    let proxy = Proxy::new("http://us%40er:pa%3Ass@proxy.test:3128/").unwrap();
    assert_eq!(proxy.authorization(), Some("Basic dXNAZXI6cGE6c3M="));
    let printed = [proxy.to_string(), format!("{proxy:?}")];
    assert_eq!(
        printed,
        ["http://proxy.test:3128", "http://proxy.test:3128"]
    );
    let printed = format!("{:?}", Proxies::from(proxy.clone()));
    assert!(!printed.contains("dXNAZXI6cGE6c3M"), "{printed}");
    assert!(!proxy.unauthorized().to_string().contains("us@er"));
    let ports = ["http://a", "https://a", "https://[::1]:1"];
    let ports = ports.map(|url| Proxy::new(url).unwrap().authority());
    assert_eq!(ports, ["a:80", "a:443", "[::1]:1"]);
    for wrong in [
        "",
        "proxy:3128",
        "socks5://a",
        "http://",
        "http://a/b",
        "http://a?b",
    ] {
        assert_eq!(Proxy::new(wrong).err(), Some(RULE), "{wrong}");
    }
}

#[test]
fn the_environment_names_a_proxy_for_each_scheme_and_small_letters_come_first() {
    let proxies = of_variables(&[
        ("HTTPS_PROXY", "http://upper:1"),
        ("https_proxy", "http://lower:2"),
        ("HTTP_PROXY", "https://plain"),
    ]);
    let proxies = proxies.unwrap();
    assert_eq!(shown(&proxies, "https://db.test/"), "http://lower:2");
    assert_eq!(shown(&proxies, "http://db.test/"), "https://plain:443");
    let ignored = of_variables(&[("HTTPS_PROXY", "socks5://a:1"), ("HTTP_PROXY", "a:1")]);
    assert_eq!(ignored.unwrap(), Proxies::default());
    let wrong = of_variables(&[("HTTP_PROXY", "http://user:pass word@a:b")]);
    let message = wrong.unwrap_err().to_string();
    assert!(message.contains("HTTP_PROXY must be") && !message.contains("pass word"));
}

#[test]
fn no_proxy_has_hosts_domains_addresses_ranges_and_ports() {
    let list = "Exact.test, .domain.test *.wild.test,10.0.0.1-10.0.0.9,port.test:8000,[::1]";
    let proxies = of_variables(&[("HTTP_PROXY", "http://a:1"), ("NO_PROXY", list)]).unwrap();
    for direct in [
        "http://exact.test/",
        "http://EXACT.test:9/",
        "http://domain.test/",
        "http://a.domain.test/",
        "http://a.wild.test/",
        "http://10.0.0.5/",
        "http://port.test:8000/",
        "http://[::1]:5/",
    ] {
        assert_eq!(shown(&proxies, direct), "none", "{direct}");
    }
    for through in [
        "http://a.exact.test/",
        "http://notdomain.test/",
        "http://wild.test/",
        "http://10.0.0.10/",
        "http://port.test/",
        "http://127.0.0.1/",
    ] {
        assert_eq!(shown(&proxies, through), "http://a:1", "{through}");
    }
    let none = of_variables(&[("HTTP_PROXY", "http://a:1"), ("no_proxy", "*")]).unwrap();
    assert_eq!(shown(&none, "http://db.test/"), "none");
}

#[test]
fn metadata_is_never_behind_a_proxy_and_the_own_machine_only_for_dynamodb() {
    let proxies = Proxies::from(Proxy::new("http://a:1").unwrap());
    for direct in [
        "http://169.254.169.254/",
        "http://169.254.170.2/",
        "http://[fd00:ec2::254]/",
        "http://[fd00:ec2::23]/",
        "http://[fe80::1]/",
    ] {
        assert_eq!(shown(&proxies, direct), "none", "{direct}");
    }
    for own in ["http://localhost:1/", "http://127.0.0.2/", "http://[::1]/"] {
        let own = Uri::from_static(own);
        assert!(proxies.of(&own, true).is_none());
        assert!(proxies.of(&own, false).is_some());
    }
}

/// Opens a tunnel through a proxy that answers `head` and then closes the connection. Returns the outcome.
async fn tunnelled(head: &str) -> Result<(), String> {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    theirs.write_all(head.as_bytes()).await.unwrap();
    theirs.shutdown().await.unwrap();
    let proxy = Proxy::new("http://proxy.test:3128").unwrap();
    let tunnel = proxy.tunnel(Box::new(ours), "db.test:443").await;
    tunnel.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_tunnel_is_open_once_the_head_of_the_answer_has_ended() {
    assert_eq!(tunnelled("HTTP/1.1 200 OK\r\nvia: a\r\n\r\n").await, Ok(()));
    let closed = "the proxy http://proxy.test:3128 has closed the connection";
    for cut in ["HTTP/1.1 200 OK\r\nvia: a\r\n", "HTTP/1.1 200", ""] {
        assert_eq!(tunnelled(cut).await, Err(closed.to_owned()), "{cut}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nvia: {}", "a".repeat(LONGEST_HEAD));
    for other in [
        &endless,
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let error = tunnelled(other).await.unwrap_err();
        assert!(
            error.contains("does not answer like a proxy: check the proxy's URL"),
            "{error}"
        );
    }
    let refused = tunnelled("HTTP/1.1 403 Forbidden\r\n\r\n")
        .await
        .unwrap_err();
    assert!(
        refused.contains("refuses to connect to db.test:443 (403)"),
        "{refused}"
    );
}
