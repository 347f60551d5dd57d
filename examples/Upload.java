import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Uploads one file and waits for the proof. Java 17 or newer, nothing to install:
 *
 * <pre>java Upload.java /srv/in/a.bin media dir/a.bin</pre>
 *
 * Exit 0: the object is in OSS, proven; 1: refused or failed, and stderr says why. LONGSHORE_URL and LONGSHORE_TOKEN say where.
 * Java has no JSON of its own; a program that has a library for it reads the answers with that.
 */
public final class Upload {
    private static final String URL = System.getenv().getOrDefault("LONGSHORE_URL", "http://127.0.0.1:8484");
    private static final String TOKEN = System.getenv("LONGSHORE_TOKEN");
    private static final int TRIES = 5;
    private static final Set<Integer> COMES_BACK = Set.of(429, 502, 503, 504);
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();

    public static void main(String[] args) throws Exception {
        try {
            System.out.println(upload(args[0], args[1], args[2]));
        } catch (IOException error) {
            System.err.println(error.getMessage() == null ? "no answer from " + URL : error.getMessage());
            System.exit(1);
        }
    }

    private static String upload(String path, String bucket, String key) throws IOException, InterruptedException {
        String request = "{\"source\": {\"path\": " + quote(path) + "}, \"target\": {\"bucket\": " + quote(bucket)
                + ", \"key\": " + quote(key) + "}}";
        // The same key for every try: however often this is sent, one job is made.
        String job = ask("POST", "/v1/jobs", request, UUID.randomUUID().toString());
        while (field(job, "finishedAt") == null) {
            job = ask("GET", "/v1/jobs/" + field(job, "id") + "?wait=30s", null, null);
        }
        if (!"completed".equals(field(job, "state"))) {
            String error = job.substring(job.indexOf("\"error\""));
            throw new IOException(field(job, "state") + ": " + field(error, "code") + " " + field(error, "message"));
        }
        String receipt = job.substring(job.indexOf("\"receipt\""));
        return field(receipt, "size") + " bytes, CRC-64 " + field(receipt, "crc64") + ", ETag " + field(receipt, "etag");
    }

    /** The JSON of an answer. Tries again while the daemon is away, draining or busy. */
    private static String ask(String method, String path, String body, String idempotencyKey)
            throws IOException, InterruptedException {
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(URL + path)).timeout(Duration.ofSeconds(75));
        builder.method(method, body == null
                ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (body != null) builder.header("Content-Type", "application/json");
        if (idempotencyKey != null) builder.header("Idempotency-Key", idempotencyKey);
        if (TOKEN != null) builder.header("Authorization", "Bearer " + TOKEN);
        for (int tries = 1; ; tries++) {
            long pauseMs = 1000;
            try {
                HttpResponse<String> answer = CLIENT.send(builder.build(), HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() / 100 == 2) return answer.body();
                if (tries == TRIES || !COMES_BACK.contains(answer.statusCode())) {
                    // A refusal is a problem document: a code for programs, a sentence for people.
                    throw new Refused(field(answer.body(), "code") + ": " + field(answer.body(), "detail"));
                }
                pauseMs = 1000 * answer.headers().firstValueAsLong("Retry-After").orElse(1);
            } catch (Refused refusal) {
                throw refusal;
            } catch (IOException unreachable) {
                if (tries == TRIES) throw new IOException("no answer from " + URL + ": " + unreachable.getMessage());
            }
            Thread.sleep(pauseMs);
        }
    }

    private static final class Refused extends IOException {
        Refused(String message) {
            super(message);
        }
    }

    /** The first string or number of that name; null when there is none, or when it is null. */
    private static String field(String json, String name) {
        Matcher match = Pattern.compile("\"" + name + "\":\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(-?[0-9]+))").matcher(json);
        if (!match.find()) return null;
        return match.group(1) == null ? match.group(2) : match.group(1);
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < 0x20) quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
