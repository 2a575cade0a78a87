import MCPOCore
import Testing

@Suite("Words of names")
struct WordClassesTests {
    @Test(
        "Names are split at separators and case changes",
        arguments: [
            ("get_current_time", "get current time"), ("git-log", "git log"),
            ("files/read", "files read"), ("mail.send", "mail send"), ("a:b c", "a b c"),
            ("getURLNow", "get url now"), ("HTTPServer", "http server"),
            ("parseJSON", "parse json"),
            ("createIssue", "create issue"), ("CreateIssue", "create issue"),
            ("readSHA256Sum", "read sha sum"), ("list_v2", "list v"), ("search2", "search"),
            ("API-post-search", "api post search"), ("S3GetObject", "s get object"),
            ("LIST_ALL", "list all"), ("listall", "listall"), ("__a__", "a"), ("", ""), ("42", ""),
            ("größeÄndern", "größeändern"), ("aws___read", "aws read"), ("X", "x"),
        ])
    func splitting(name: String, words: String) {
        #expect(WordClasses.words(of: name).joined(separator: " ") == words)
    }

    @Test(
        "A verb that is a noun too is one behind a verb that reads",
        arguments: [
            ("get_commit", nil), ("list_merge_requests", nil), ("get_pull_request_review", nil),
            ("commit_files", "commit"), ("post_message", "post"), ("get_or_create_user", "create"),
            ("fetch_and_merge", "merge"), ("find_and_replace", "replace"), ("read_write", "write"),
            ("search_replace", "replace"), ("run_query", "run"), ("merge_list", "merge"),
            ("show_post", "post"), ("list_deleted_items", nil), ("get_updates", nil),
            ("get_update", "update"), ("createissue", nil),
        ] as [(String, String?)])
    func nouns(name: String, verb: String?) {
        #expect(WordClasses().writingVerb(in: WordClasses.words(of: name)) == verb)
    }

    @Test("Lists can be extended and replaced")
    func configuration() {
        var classes = WordClasses()
        #expect(!classes.contains("holen", in: .dynamic))
        classes.extend(.dynamic, with: ["Holen"])
        #expect(classes.contains("holen", in: .dynamic))
        #expect(classes.contains("get", in: .dynamic))
        classes.replace(.dynamic, with: ["lesen"])
        #expect(classes.contains("lesen", in: .dynamic))
        #expect(!classes.contains("get", in: .dynamic))
    }

    @Test("The words that SPEC names are in their lists")
    func specification() {
        let classes = WordClasses()
        let lists: [(WordClasses.Kind, String)] = [
            (.realtime, "time now current today random uuid latest status next poll"),
            (.static, "schema help docs describe version"),
            (.dynamic, "search query find list get read fetch lookup"),
            (.write, "create update delete remove set write add insert put post send push commit"),
            (.write, "merge move rename edit append apply run execute exec upload"),
        ]
        for (kind, words) in lists {
            for word in words.split(separator: " ") {
                #expect(classes.contains(String(word), in: kind), "\(word) is not \(kind)")
            }
        }
    }

    @Test("No word that reads is one that writes, and what is unique is realtime or writes")
    func consistency() {
        let classes = WordClasses()
        for kind in [WordClasses.Kind.static, .dynamic] {
            #expect(classes.words(in: kind).isDisjoint(with: classes.words(in: .write)))
            #expect(classes.words(in: kind).isDisjoint(with: classes.words(in: .realtime)))
        }
        #expect(classes.words(in: .noun).isSubset(of: classes.words(in: .write)))
        let known = classes.words(in: .realtime).union(classes.words(in: .write))
        #expect(classes.words(in: .unique).isSubset(of: known))
    }
}
