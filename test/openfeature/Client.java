// Evaluates flags through the published OpenFeature SDK for Java and its OFREP provider: java -cp JARS Client.java URL. Reads one JSON
// request a line ({"key", "type", "default", "context"}), writes one JSON answer a line, as client.mjs does.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;

class Main {
    static final ObjectMapper JSON = new ObjectMapper();

    static EvaluationContext context(JsonNode members) {
        Map<String, Value> attributes = new HashMap<>();
        members.fields().forEachRemaining(member -> {
            JsonNode value = member.getValue();
            if (member.getKey().equals("targetingKey")) return;
            attributes.put(member.getKey(), value.isTextual() ? new Value(value.textValue())
                    : value.isBoolean() ? new Value(value.booleanValue())
                    : value.isInt() ? new Value(value.intValue()) : new Value(value.doubleValue()));
        });
        JsonNode key = members.get("targetingKey");
        return key == null ? new ImmutableContext(attributes) : new ImmutableContext(key.textValue(), attributes);
    }

    static FlagEvaluationDetails<?> evaluate(Client client, JsonNode asked) throws Exception {
        String key = asked.get("key").textValue();
        JsonNode fallback = asked.get("default");
        EvaluationContext context = context(asked.get("context"));
        switch (asked.get("type").textValue()) {
            case "boolean": return client.getBooleanDetails(key, fallback.booleanValue(), context);
            case "string": return client.getStringDetails(key, fallback.textValue(), context);
            case "integer": return client.getIntegerDetails(key, fallback.intValue(), context);
            case "double": return client.getDoubleDetails(key, fallback.doubleValue(), context);
            default:
                return client.getObjectDetails(key, Value.objectToValue(JSON.treeToValue(fallback, Map.class)), context);
        }
    }

    public static void main(String[] arguments) throws Exception {
        OpenFeatureAPI api = OpenFeatureAPI.getInstance();
        api.setProviderAndWait(OfrepProvider.constructProvider(OfrepProviderOptions.builder().baseUrl(arguments[0]).build()));
        Client client = api.getClient();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line; (line = lines.readLine()) != null; ) {
            FlagEvaluationDetails<?> details = evaluate(client, JSON.readTree(line));
            Object value = details.getValue();
            ObjectNode answer = JSON.createObjectNode();
            answer.set("value", JSON.valueToTree(value instanceof Value ? new ImmutableContext().convertValue((Value) value) : value));
            answer.put("reason", details.getReason());
            answer.put("variant", details.getVariant());
            answer.put("errorCode", details.getErrorCode() == null ? null : details.getErrorCode().name());
            System.out.println(answer);
        }
        api.shutdown();
    }
}
