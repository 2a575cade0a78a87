// Matching URIs with templates: by the RFC's own examples, as servers do, and in bounded time.

import MCPOCore
import Testing

/// Whether a URI matches a template; nil when the template is none.
private func matches(
    _ template: String, _ uri: String, _ reading: URITemplate.Reading = .strict
) -> Bool? {
    var steps = 1_000_000
    let bytes = Array(uri.utf8)
    return URITemplate(Array(template.utf8))?
        .matches(bytes.span.bytes, 0, bytes.count, reading, steps: &steps)
}

@Suite struct URITemplateTests {
    // RFC 6570 §3.2; var=value, hello="Hello World!", path=/foo/bar, list=red,green,blue,
    // keys=(semi=; dot=. comma=,), x=1024, y=768, empty="", undef is not there.
    @Test(arguments: [
        ("{var}", "value"), ("{hello}", "Hello%20World%21"), ("O{empty}X", "OX"),
        ("O{undef}X", "OX"), ("{x,y}", "1024,768"), ("{x,hello,y}", "1024,Hello%20World%21,768"),
        ("?{x,empty}", "?1024,"), ("?{x,undef}", "?1024"), ("?{undef,y}", "?768"),
        ("{var:3}", "val"), ("{var:30}", "value"), ("{list}", "red,green,blue"),
        ("{list*}", "red,green,blue"), ("{keys}", "semi,%3B,dot,.,comma,%2C"),
        ("{keys*}", "semi=%3B,dot=.,comma=%2C"),
        ("{+var}", "value"), ("{+hello}", "Hello%20World!"), ("{+path}/here", "/foo/bar/here"),
        ("here?ref={+path}", "here?ref=/foo/bar"), ("up{+path}{var}/here", "up/foo/barvalue/here"),
        ("{+x,hello,y}", "1024,Hello%20World!,768"), ("{+path:6}/here", "/foo/b/here"),
        ("{+keys*}", "semi=;,dot=.,comma=,"),
        ("{#path,x}/here", "#/foo/bar,1024/here"), ("foo{#empty}", "foo#"), ("foo{#undef}", "foo"),
        ("{#path:6}/here", "#/foo/b/here"), ("{#list*}", "#red,green,blue"),
        ("{.who}", ".fred"), ("{.who,who}", ".fred.fred"), ("www{.dom*}", "www.example.com"),
        ("X{.empty}", "X."), ("X{.undef}", "X"), ("X{.var:3}", "X.val"),
        ("X{.list}", "X.red,green,blue"), ("X{.list*}", "X.red.green.blue"),
        ("X{.keys*}", "X.semi=%3B.dot=..comma=%2C"),
        ("{/who}", "/fred"), ("{/half,who}", "/50%25/fred"), ("{/var,empty}", "/value/"),
        ("{/var,undef}", "/value"), ("{/var,x}/here", "/value/1024/here"),
        ("{/var:1,var}", "/v/value"), ("{/list}", "/red,green,blue"),
        ("{/list*}", "/red/green/blue"), ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
        ("{/keys*}", "/semi=%3B/dot=./comma=%2C"),
        ("{;who}", ";who=fred"), ("{;half}", ";half=50%25"), ("{;empty}", ";empty"),
        ("{;hello:5}", ";hello=Hello"), ("{;v,bar,who}", ";v=6;who=fred"),
        ("{;list}", ";list=red,green,blue"), ("{;list*}", ";list=red;list=green;list=blue"),
        ("{;keys*}", ";semi=%3B;dot=.;comma=%2C"),
        ("{?who}", "?who=fred"), ("{?x,y}", "?x=1024&y=768"),
        ("{?x,y,empty}", "?x=1024&y=768&empty="),
        ("{?x,y,undef}", "?x=1024&y=768"), ("{?x,y}", "?y=768"), ("{?x,y}", ""),
        ("{?var:3}", "?var=val"), ("{?list*}", "?list=red&list=green&list=blue"),
        ("{?keys*}", "?semi=%3B&dot=.&comma=%2C"),
        ("?fixed=yes{&x}", "?fixed=yes&x=1024"), ("{&x,y,empty}", "&x=1024&y=768&empty="),
        ("{&var:3}", "&var=val"), ("{&keys*}", "&semi=%3B&dot=.&comma=%2C"),
        ("{/id*}{?fields,first_name,last.name,token}", "/person/albums?fields=id&token=12345"),
        ("", ""), ("a", "a"),
    ])
    func `what the RFC expands a template to matches it in both readings`(pair: (String, String)) {
        #expect(matches(pair.0, pair.1, .strict) == true)
        #expect(matches(pair.0, pair.1, .lenient) == true)
    }

    @Test(arguments: [
        ("a", ""), ("a", "ab"), ("a", "b"), ("", "a"), ("x/{a}", "x/b/c"), ("x/{a}", "x/b?c"),
        ("x/{a}/y", "x/b/z"), ("{a}", "b:c"), ("{a:3}", "abcd"), ("{a:3}", "%41%42%43%44"),
        ("{x,y}", "a/b"), ("{/a}", "a"), ("{/a}", "/a/b"), ("{/a,b}", "/a/b/c"), ("{.a}", "a"),
        ("{?x,y}", "?y=1&x=2"), ("{?x,y}", "?x=1y=2"), ("{?x,y}", "?&y=2"), ("{?x,y}", "&y=2"),
        ("{?x}", "?xx=2"), ("{?x}", "?x"), ("{&x}", "?x=1"), ("{;x}", ";xy"), ("{#a}", "a"),
        ("file:///{+path}", "file://a"), ("größe{x}", "grosse"),
    ])
    func `what it cannot expand to does not match`(pair: (String, String)) {
        #expect(matches(pair.0, pair.1) == false)
    }

    @Test(arguments: [
        ("repo://{owner}/{name}", "repo://a b/c:d@é?"), ("s://{q}{?x,y}", "s://a?y=1&x=2&z"),
        ("s://{q:3}", "s://ABC"), ("s://{user-id}", "s://ünï"), ("s://{a}{&b}", "s://x&anything"),
    ])
    func `servers' libraries take more`(pair: (String, String)) {
        #expect(matches(pair.0, pair.1, .lenient) == true)
        #expect(matches("s://{a}/x", "s://a/b/x", .lenient) == false)
    }

    @Test(arguments: [
        "{", "}", "{}", "a}", "{a", "{a{b}}", "{a,}", "{,a}", "{+}", "{a:}", "{a:0}", "{a:12345}",
        "{a:x}", "{a:-1}", "{a**}", "{*}", "{=a}", "{!a}", "{@a}", "{|a}", "{a}}",
    ])
    func `what is no template is none`(template: String) {
        #expect(URITemplate(Array(template.utf8)) == nil)
    }

    @Test func `literal characters are counted`() {
        for (text, count) in [("file:///{+path}", 8), ("{a}b{c}d", 2), ("abc", 3), ("{a}", 0)] {
            #expect(URITemplate(Array(text.utf8))?.literalCount == count)
        }
    }

    @Test(arguments: [
        String(repeating: "{a}", count: 300), String(repeating: "{+a}", count: 200),
        String(repeating: "{a*}x", count: 150), String(repeating: "{/a*}", count: 60),
        String(repeating: "{?a*}", count: 60), "{" + String(repeating: "a,", count: 150) + "a}",
        String(repeating: "{a:16}", count: 7), String(repeating: "x", count: 2_000),
        String(repeating: "{a:16}", count: 70),
    ])
    func `hostile templates are refused, or cost no more than allowed`(text: String) {
        guard let template = URITemplate(Array(text.utf8)) else { return }
        for uri in [
            String(repeating: "x", count: 8_000) + "!", String(repeating: "/", count: 9_000),
        ] {
            let bytes = Array(uri.utf8)
            for reading in [URITemplate.Reading.strict, .lenient] {
                var steps = 100_000
                _ = template.matches(bytes.span.bytes, 0, bytes.count, reading, steps: &steps)
                #expect(steps > -2_000)
            }
        }
        var none = 0
        #expect(!template.matches([UInt8(1)].span.bytes, 0, 1, .lenient, steps: &none))
    }

    @Test(arguments: 0..<300)
    func `random templates match what they expand to`(seed: UInt64) {
        var random = RandomJSON(seed: seed)
        var (template, uri) = ("", "")
        for _ in 0..<Int.random(in: 0...6, using: &random.random) {
            let literal = random.pick(["", "a", "/", "x:", "?", "é"])
            template += literal
            uri += literal
            let (operators, firsts, separators) = (
                ["", "+", "#", ".", "/", ";", "?", "&"], ["", "", "#", ".", "/", ";", "?", "&"],
                [",", ",", ",", ".", "/", ";", "&", "&"]
            )
            let kind = Int.random(in: 0..<8, using: &random.random)
            let names = (0..<Int.random(in: 1...3, using: &random.random)).map { "v\($0)" }
            template += "{\(operators[kind])\(names.joined(separator: ","))}"
            let values = names.filter { _ in random.chance(70) }.map { name in
                let value = random.pick(["", "abc", "1,2", "%41", "a.b_c~", "-"])
                return kind < 5 ? value : kind == 5 && value.isEmpty ? name : "\(name)=\(value)"
            }
            if !values.isEmpty { uri += firsts[kind] + values.joined(separator: separators[kind]) }
        }
        #expect(matches(template, uri) == true, "\(template) \(uri)")
        #expect(matches(template, uri, .lenient) == true, "\(template) \(uri)")
        #expect(matches(template + "\u{1}", uri) == false)
    }
}
